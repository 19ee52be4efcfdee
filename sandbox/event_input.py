"""What a target is given of an event: Input, InputPath or InputTransformer.

Source: EventBridge User Guide, "Amazon EventBridge input transformation". In a template, a placeholder outside quotes
becomes a JSON value, one inside quotes becomes the text itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from sandbox.api.errors import AwsError

_PLACEHOLDER = re.compile(r'"(?:[^"\\]|\\.)*"|<[^<>"]+>')
_NAME = re.compile(r"<([^<>]+)>")


def input_of(target: Mapping[str, Any], event: Mapping[str, Any]) -> Any:
    """The target's input as a document; ValidationException when a template gives no JSON."""
    if target.get("Input"):
        return json.loads(target["Input"])
    if target.get("InputPath"):
        return at(event, str(target["InputPath"]))
    transformer = target.get("InputTransformer") or {}
    if not transformer:
        return event
    values = {name: at(event, path) for name, path in (transformer.get("InputPathsMap") or {}).items()}
    text = filled(str(transformer["InputTemplate"]), values)
    try:
        return json.loads(text)
    except ValueError as error:
        raise AwsError("ValidationException", f"InputTemplate gives no JSON ({error}): {text}") from None


def at(event: Mapping[str, Any], path: str) -> Any:
    """The value at `$.a.b`; None where there is none."""
    found: Any = event
    for part in path.removeprefix("$").strip(".").split("."):
        found = found.get(part) if isinstance(found, Mapping) and part else found
    return found


def filled(template: str, values: Mapping[str, Any]) -> str:
    """The template with values; a name that has no path stays as it is."""

    def inside(found: re.Match[str]) -> str:
        value = values.get(found[1], found[0])
        text = value if isinstance(value, str) else json.dumps(value)
        return json.dumps(text)[1:-1]

    def outside(found: re.Match[str]) -> str:
        if found[0].startswith('"'):
            return _NAME.sub(inside, found[0])
        name = found[0][1:-1]
        return json.dumps(values[name]) if name in values else found[0]

    return _PLACEHOLDER.sub(outside, template)
