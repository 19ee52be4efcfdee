"""A JSON schema compiled into functions that check a value, and bring its scalars into the types that it names."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from .intrinsic import text
from .model import JSON

Check = Callable[[JSON, str, list[str]], JSON]


def dereferenced(node: Mapping[str, JSON], document: Mapping[str, JSON]) -> Mapping[str, JSON]:
    while "$ref" in node:
        target: JSON = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


class Compiler:
    """Turns a JSON schema into one closure per node; `$ref`s are compiled once, on first use."""

    def __init__(self, document: Mapping[str, JSON]) -> None:
        self.document = document
        self.named: dict[str, Check] = {}

    def compile(self, node: Mapping[str, JSON]) -> Check:
        if "$ref" in node:
            return self._reference(node["$ref"])
        parts = [part for part in (self._typed(node), self._object(node), self._array(node), _scalar(node)) if part]
        parts += [self._choice(node[key]) for key in ("anyOf", "oneOf") if isinstance(node.get(key), list)]
        if len(parts) == 1:
            return parts[0]
        return _sequence(parts)

    def _reference(self, reference: str) -> Check:
        def check(value: JSON, path: str, errors: list[str]) -> JSON:
            compiled = self.named.get(reference)
            if compiled is None:
                compiled = self.named[reference] = self.compile(dereferenced({"$ref": reference}, self.document))
            return compiled(value, path, errors)

        return check

    def _typed(self, node: Mapping[str, JSON]) -> Check | None:
        kinds = node.get("type")
        if not kinds:
            return None
        names = tuple(kinds) if isinstance(kinds, list) else (kinds,)

        def check(value: JSON, path: str, errors: list[str]) -> JSON:
            for name in names:
                if _is(value, name):
                    return value
            for name in names:
                converted = _converted(value, name)
                if converted is not None:
                    return converted
            errors.append(f"{path}: expected type: {_TITLES.get(names[0], names[0])}, found: {_found(value)}")
            return value

        return check

    def _object(self, node: Mapping[str, JSON]) -> Check | None:
        if not {"properties", "patternProperties", "required"} & node.keys():
            return None
        known = {key: self.compile(value) for key, value in node.get("properties", {}).items()}
        patterns = [(_compiled(key), self.compile(value)) for key, value in node.get("patternProperties", {}).items()]
        closed = node.get("additionalProperties") is False
        required = tuple(node.get("required", ()))

        def check(value: JSON, path: str, errors: list[str]) -> JSON:
            if not isinstance(value, dict):
                return value
            errors.extend(f"{path}: required key [{key}] not found" for key in required if key not in value)
            result: dict[str, JSON] = {}
            for key, item in value.items():
                inner = known.get(key) or next((c for p, c in patterns if p is None or p.search(str(key))), None)
                if inner is not None:
                    item = inner(item, f"{path}/{key}", errors)
                elif closed:
                    errors.append(f"{path}: extraneous key [{key}] is not permitted")
                result[key] = item
            return result

        return check

    def _array(self, node: Mapping[str, JSON]) -> Check | None:
        least, most = node.get("minItems", 0), node.get("maxItems")
        items = node.get("items")
        if not isinstance(items, dict) and not least and most is None:
            return None
        inner = self.compile(items) if isinstance(items, dict) else None

        def check(value: JSON, path: str, errors: list[str]) -> JSON:
            if not isinstance(value, list):
                return value
            if len(value) < least:
                errors.append(f"{path}: expected minimum item count: {least}, found: {len(value)}")
            if most is not None and len(value) > most:
                errors.append(f"{path}: expected maximum item count: {most}, found: {len(value)}")
            return value if inner is None else [inner(v, f"{path}/{i}", errors) for i, v in enumerate(value)]

        return check

    def _choice(self, options: list[Mapping[str, JSON]]) -> Check:
        compiled = [self.compile(option) for option in options]

        def check(value: JSON, path: str, errors: list[str]) -> JSON:
            first: list[str] = []
            for option in compiled:
                problems: list[str] = []
                result = option(value, path, problems)
                if not problems:
                    return result
                first = first or problems
            errors.extend(first)
            return value

        return check


def _sequence(parts: list[Check]) -> Check:
    def check(value: JSON, path: str, errors: list[str]) -> JSON:
        for part in parts:
            value = part(value, path, errors)
        return value

    return check


_TITLES = {"string": "String", "integer": "Integer", "number": "Number", "boolean": "Boolean", "array": "JSONArray"}
_TITLES |= {"object": "JSONObject"}


def _is(value: JSON, name: str) -> bool:
    match name:
        case "string":
            return isinstance(value, str)
        case "object":
            return isinstance(value, dict)
        case "array":
            return isinstance(value, list)
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case _:
            return True


def _converted(value: JSON, name: str) -> JSON:
    """The value in the schema's type where CloudFormation converts between the two; None where it does not."""
    match name, value:
        case "string", bool() | int() | float():
            return text(value)
        case "boolean", "true" | "false" | "True" | "False":
            return value in ("true", "True")
        case "integer", str() if re.fullmatch(r"-?\d+", value):
            return int(value)
        case "number", str() if re.fullmatch(r"-?\d+(\.\d+)?", value):
            return float(value) if "." in value else int(value)
        case "object", str() if value.lstrip().startswith("{"):
            return _json_object(value)
        case _:
            return None


def _json_object(value: str) -> JSON:
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return None


def _found(value: JSON) -> str:
    match value:
        case dict():
            return "JSONObject"
        case list():
            return "JSONArray"
        case bool():
            return "Boolean"
        case int() | float():
            return "Number"
        case _:
            return "String"


@lru_cache(maxsize=8192)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    r"""None for a pattern that Python cannot read; \p{L}, \p{N}, \p{Z} become their nearest Python classes."""
    for theirs, ours in ((r"\p{L}", r"\w"), (r"\p{N}", r"\d"), (r"\p{Z}", r"\s"), (r"\p{IsLetter}", r"\w")):
        pattern = pattern.replace(theirs, ours)
    try:
        return re.compile(pattern)
    except re.error:
        return None


def _scalar(node: Mapping[str, JSON]) -> Check | None:
    allowed, pattern = node.get("enum"), node.get("pattern")
    shortest, longest = node.get("minLength"), node.get("maxLength")
    low, high = node.get("minimum"), node.get("maximum")
    if allowed is None and not pattern and shortest is None and longest is None and low is None and high is None:
        return None
    compiled = _compiled(pattern) if pattern else None

    def check(value: JSON, path: str, errors: list[str]) -> JSON:
        if allowed is not None and value not in allowed and text(value) not in allowed:
            errors.append(f"{path}: {text(value)} is not a valid enum value")
        if isinstance(value, str):
            if compiled is not None and not compiled.search(value):
                errors.append(f"{path}: failed validation constraint for keyword [pattern]")
            if shortest is not None and len(value) < shortest:
                errors.append(f"{path}: expected minLength: {shortest}, actual: {len(value)}")
            if longest is not None and len(value) > longest:
                errors.append(f"{path}: expected maxLength: {longest}, actual: {len(value)}")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            if low is not None and value < low:
                errors.append(f"{path}: {value} is not greater or equal to {low}")
            if high is not None and value > high:
                errors.append(f"{path}: {value} is not less or equal to {high}")
        return value

    return check
