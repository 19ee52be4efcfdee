"""`#{namespace.name}` in the configuration of actions and rules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sandbox.pipelines.model import ActionFailed, Execution

_REFERENCE = re.compile(r"#\{([A-Za-z0-9@_-]+)\.([A-Za-z0-9_-]+)\}")


def resolved(text: str, execution: Execution) -> str:
    """The text with values in the place of references; ActionFailed for one that no action has given."""

    def value(found: re.Match[str]) -> str:
        namespace, name = found.groups()
        known = execution.namespaces.get(namespace, {})
        if name not in known:
            reason = f"The variable {found[0]} is not available: no action that has run gives it"
            raise ActionFailed(reason, "InvalidVariable")
        return known[name]

    return _REFERENCE.sub(value, text)


def resolved_all(configuration: Mapping[str, Any], execution: Execution) -> dict[str, str]:
    """All values of a configuration, as text."""
    return {key: resolved(_text(value), execution) for key, value in configuration.items()}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def declared(declaration: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, str]:
    """The pipeline's variables: given values over defaults; LookupError names what is unknown or has no value."""
    defaults = {row["name"]: row.get("defaultValue") for row in declaration.get("variables") or ()}
    for name in given:
        if name not in defaults:
            raise LookupError(f"Variable {name} is not declared in the pipeline")
    values = {**defaults, **given}
    for name, value in values.items():
        if value is None:
            raise LookupError(f"Variable {name} has no default value and none was given")
    return {name: str(value) for name, value in values.items()}
