"""The inner loop's check: AWS's offline validator, a tenth of cfn-lint's time, with Guard rules if given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from generator.errors import ToolError
from generator.lint.finding import LEVELS, Finding, Findings, Level
from generator.lint.suppressions import Suppression, suppressions

TOOL = "cloudformation-validate"
_LEVELS: dict[str, Level] = {"FATAL": "error", "ERROR": "error", "WARN": "warning", "INFO": "info"}
_GUARD = "*.guard"
# Rules of cfn-lint's that this validator (1.14.0) misreads; cfn-lint's own reading of them is in the full gate.
LEFT_TO_THE_GATE = {
    "E3019": "takes two names for one when both default to the empty string, which their conditions exclude",
    "E3050": "takes Fn::GetAtt of a role's Arn for a Ref",
    "W1001": "reports a reference inside Fn::If that has the resource's own condition",
    "W1030": "tries a parameter's empty default where a condition asks for another value",
}


def engine(rules: Path | None = None) -> Any:
    """A validator with the Guard rules in the folder `rules`. Costs 0.3 s and holds no state: a watch loop keeps it."""
    import cloudformation_validate as validator

    found = sorted(rules.rglob(_GUARD)) if rules else []
    if rules is not None and not found:
        raise ToolError(f"{rules}: holds no {_GUARD} file", "give the folder of your CloudFormation Guard rules")
    guard = [validator.ExternalRuleSource(name=str(path), content=path.read_text()) for path in found]
    try:
        return validator.CompositeEngine(validator.CompositeEngineConfig(guard_rules=guard))
    except validator.ValidationError as problem:
        raise ToolError(f"{rules}: {problem}", "correct the Guard rule") from problem


def run(paths: Sequence[Path], validator: Any | None = None, threshold: Level = "warning") -> Findings:
    """Check `paths`, reporting `threshold` and graver, without the rules that are left to the full gate.

    A suppression for cfn-lint or Guard holds here too.
    """
    ready = validator or engine()
    with ThreadPoolExecutor() as pool:
        answers = list(pool.map(lambda path: _check(ready, path), paths))
    found = Findings(tuple(finding for answer in answers for finding in answer), len(paths))
    return Findings(found.at_least(threshold), len(paths))


def _check(validator: Any, path: Path) -> tuple[Finding, ...]:
    import cloudformation_validate as native

    try:
        content = path.read_bytes()
    except OSError as problem:
        raise ToolError(f"{path}: {problem.strerror}", "generate first: mlz generate") from problem
    settings = native.ValidateConfig(detail_level=native.DetailLevel.STANDARD, severity_level=native.Severity.INFO)
    try:
        report = validator.validate_template(native.TemplateContent(content, str(path)), settings)
    except native.ValidationError as problem:
        raise ToolError(f"{path}: {TOOL} failed: {problem}", "use the full gate: mlz lint") from problem
    found = sorted(_finding(path, d) for d in report.diagnostics if d.rule_id not in LEFT_TO_THE_GATE)
    return _unsuppressed(found, content) if any(finding.resource for finding in found) else tuple(found)


def _finding(path: Path, diagnostic: Any) -> Finding:
    line, column = diagnostic.start_line or 1, diagnostic.start_column or 1
    return Finding(
        path=str(path),
        line=line,
        column=column,
        end_line=diagnostic.end_line or line,
        end_column=diagnostic.end_column or column,
        rule=diagnostic.rule_id,
        level=_LEVELS.get(diagnostic.severity.name, LEVELS[-1]),
        message=diagnostic.message,
        resource=diagnostic.entity.logical_id if diagnostic.entity else "",
    )


def _unsuppressed(findings: Iterable[Finding], content: bytes) -> tuple[Finding, ...]:
    if b"ignore_checks" not in content and b"SuppressedRules" not in content:
        return tuple(findings)
    silenced = {(entry.resource, entry.rule) for entry in _suppressions(content)}
    return tuple(f for f in findings if (f.resource, f.rule) not in silenced and ("", f.rule) not in silenced)


def _suppressions(content: bytes) -> list[Suppression]:
    import yaml

    class Plain(yaml.CSafeLoader):
        """Short tags (`!Sub`) as nothing: only Metadata is read."""

    Plain.add_multi_constructor("!", lambda *_: None)
    template = yaml.load(content, Loader=Plain)
    return suppressions(template) if isinstance(template, Mapping) else []
