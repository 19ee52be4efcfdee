"""The query protocol (CloudFormation, STS): form fields in, XML out, both driven by the service model's shapes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from sandbox.api.errors import AwsError, validation_error

Tree = dict[str, Any]


def parse(shape: StructureShape | None, fields: Mapping[str, str]) -> dict[str, Any]:
    """The operation's parameters, typed by its input shape; members that the shape lacks are dropped, as AWS does."""
    return {} if shape is None else _structure(shape, _tree(fields))


def _tree(fields: Mapping[str, str]) -> Tree:
    root: Tree = {}
    for key, value in fields.items():
        *parents, leaf = key.split(".")
        node = root
        for part in parents:
            child = node.setdefault(part, {})
            node = child if isinstance(child, dict) else node
        node[leaf] = value
    return root


def _structure(shape: StructureShape, tree: Tree) -> dict[str, Any]:
    found = {}
    for name, member in shape.members.items():
        wire = member.serialization.get("name", name)
        if wire in tree:
            found[name] = _value(member, tree[wire])
    return found


def _value(shape: Shape, raw: Any) -> Any:
    match shape:
        case StructureShape():
            return _structure(shape, raw if isinstance(raw, dict) else {})
        case ListShape():
            return [
                _value(shape.member, item) for item in _items(raw, shape.member.serialization.get("name", "member"))
            ]
        case MapShape():
            return {e["key"]: _value(shape.value, e["value"]) for e in _items(raw, "entry")}
        case Shape(type_name="boolean"):
            return str(raw).lower() == "true"
        case Shape(type_name="integer" | "long"):
            return _integer(raw)
    return raw


def _items(raw: Any, name: str) -> list[Any]:
    numbered = raw.get(name, raw) if isinstance(raw, dict) else {}
    if not isinstance(numbered, dict):
        return []
    return [numbered[number] for number in sorted((n for n in numbered if n.isdigit()), key=int)]


def _integer(raw: Any) -> int:
    try:
        return int(raw)
    except (TypeError, ValueError):
        raise validation_error(f"{raw!r} is not an integer") from None


def answer(operation: OperationModel, result: Mapping[str, Any], request_id: str) -> bytes:
    """The XML of a successful call; values of None are left out."""
    shape, name = operation.output_shape, operation.name
    namespace = operation.service_model.metadata["xmlNamespace"]
    body = ""
    if shape is not None:
        wrapper = shape.serialization.get("resultWrapper", f"{name}Result")
        body = f"<{wrapper}>{''.join(_members(shape, result))}</{wrapper}>"
    metadata = f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
    return f'<{name}Response xmlns="{namespace}">{body}{metadata}</{name}Response>'.encode()


def refusal(error: AwsError, request_id: str) -> bytes:
    """The XML of an error."""
    kind = "Sender" if error.status < 500 else "Receiver"
    detail = f"<Type>{kind}</Type><Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message>"
    return f"<ErrorResponse><Error>{detail}</Error><RequestId>{request_id}</RequestId></ErrorResponse>".encode()


def _members(shape: StructureShape, value: Mapping[str, Any]) -> Iterator[str]:
    for name, member in shape.members.items():
        given = value.get(name)
        if given is not None:
            yield _element(member.serialization.get("name", name), member, given)


def _element(tag: str, shape: Shape, value: Any) -> str:
    match shape:
        case StructureShape():
            inner = "".join(_members(shape, value))
        case ListShape():
            item = shape.member.serialization.get("name", "member")
            inner = "".join(_element(item, shape.member, v) for v in value)
        case MapShape():
            inner = "".join(
                f"<entry><key>{escape(str(k))}</key>{_element('value', shape.value, v)}</entry>"
                for k, v in value.items()
            )
        case Shape(type_name="boolean"):
            inner = "true" if value else "false"
        case Shape(type_name="timestamp"):
            inner = iso_time(value)
        case _:
            inner = escape(str(value))
    return f"<{tag}>{inner}</{tag}>"


def iso_time(moment: datetime) -> str:
    """A time as AWS writes it: milliseconds and Z."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
