"""One finding of a linter, whichever linter it was."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from generator.errors import GateError

Level = Literal["error", "warning", "info"]
LEVELS: tuple[Level, ...] = ("error", "warning", "info")


class Finding(msgspec.Struct, frozen=True, order=True):
    """Lines and columns count from 1; `resource` is a logical id or empty; `help_url` says what the rule wants."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    rule: str
    level: Level
    message: str
    resource: str = ""
    help_url: str = ""


@dataclass(frozen=True)
class Findings:
    """What one run found, sorted; `checked` templates were linted and `cached` ones answered from the cache."""

    found: tuple[Finding, ...]
    checked: int = 0
    cached: int = 0

    def at_least(self, threshold: Level) -> tuple[Finding, ...]:
        """Those as grave as `threshold` or graver."""
        counted = LEVELS[: LEVELS.index(threshold) + 1]
        return tuple(finding for finding in self.found if finding.level in counted)


def require(findings: Findings, threshold: Level = "info") -> None:
    """Raise GateError (exit code 3) if there is anything at `threshold` or graver."""
    grave = findings.at_least(threshold)
    if grave:
        raise GateError(
            f"lint: {summary(grave)} in {len({finding.path for finding in grave})} of "
            f"{findings.checked + findings.cached} templates",
            "correct the template's module, or put Metadata cfn-lint ignore_checks with a reason beside the resource",
        )


def summary(findings: Sequence[Finding]) -> str:
    """`2 errors, 1 warning`; `no finding` where there is none."""
    counts = [(level, sum(1 for finding in findings if finding.level == level)) for level in LEVELS]
    nouns = {"error": "error", "warning": "warning", "info": "remark"}
    parts = [f"{count} {nouns[level]}{'' if count == 1 else 's'}" for level, count in counts if count]
    return ", ".join(parts) or "no finding"


def as_text(findings: Iterable[Finding]) -> str:
    """One line each, in the form that editors jump to: `path:line:col: level rule message`."""
    return "".join(f"{f.path}:{f.line}:{f.column}: {f.level} {f.rule} {f.message}\n" for f in findings)


def as_json(findings: Iterable[Finding]) -> str:
    content = msgspec.json.encode(list(findings))
    return msgspec.json.format(content, indent=2).decode() + "\n"
