"""CATALOG: every template, in deployment order."""

from __future__ import annotations

from generator.cfn.stack import Stack

CATALOG: tuple[type[Stack], ...] = ()
ENTRY_FILES = (
    "core-main.yaml",
    "env-main.yaml",
    "data-science-environment-quickstart.yaml",
    "env-iam-setup-stackset-role.yaml",
    "package-cfn.yaml",
)
