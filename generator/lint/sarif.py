"""Findings as SARIF 2.1.0 (OASIS), which code review tools show inline."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from generator.lint.finding import Finding

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def as_sarif(findings: Sequence[Finding], tool: str, version: str) -> str:
    """One run of `tool`; paths stay as given, so give them relative to the repository's root."""
    rules = sorted({finding.rule: finding for finding in reversed(findings)}.values(), key=lambda finding: finding.rule)
    index = {finding.rule: position for position, finding in enumerate(rules)}
    driver = {"name": tool, "version": version, "rules": [_rule(finding) for finding in rules]}
    run = {"tool": {"driver": driver}, "results": _results(findings, index)}
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(finding: Finding) -> dict[str, Any]:
    rule: dict[str, Any] = {"id": finding.rule, "defaultConfiguration": {"level": _LEVELS[finding.level]}}
    if finding.help_url:
        rule["helpUri"] = finding.help_url
    return rule


def _results(findings: Iterable[Finding], index: dict[str, int]) -> list[dict[str, Any]]:
    return [
        {
            "ruleId": finding.rule,
            "ruleIndex": index[finding.rule],
            "level": _LEVELS[finding.level],
            "message": {"text": finding.message},
            "locations": [{"physicalLocation": _place(finding)}],
        }
        for finding in findings
    ]


def _place(finding: Finding) -> dict[str, Any]:
    region = {
        "startLine": finding.line,
        "startColumn": finding.column,
        "endLine": finding.end_line,
        "endColumn": finding.end_column,
    }
    return {"artifactLocation": {"uri": finding.path}, "region": region}
