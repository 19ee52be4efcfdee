"""Data for programs: JSON and YAML texts of plain values."""

from __future__ import annotations

from typing import Any


def json_text(value: Any) -> str:
    """Indented JSON in the order given."""
    import json

    return json.dumps(value, indent=2, default=_plain)


def yaml_text(value: Any) -> str:
    """YAML in the order given, without a final newline."""
    import json

    import yaml

    plain = json.loads(json.dumps(value, default=_plain))
    return str(yaml.safe_dump(plain, sort_keys=False, width=120)).rstrip("\n")


def text_of(value: Any, output: str) -> str:
    """`value` as `json` or `yaml`."""
    return yaml_text(value) if output == "yaml" else json_text(value)


def _plain(value: Any) -> Any:
    import dataclasses

    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, tuple):
        return list(value)
    return str(value)
