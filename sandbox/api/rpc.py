"""The JSON and CBOR protocols (Organizations, SageMaker, Service Catalog): documents driven by the service model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, Shape, StringShape, StructureShape
from botocore.parsers import RpcV2CBORParser
from botocore.serialize import RpcV2CBORSerializer

from sandbox.api.errors import AwsError


def json_answer(result: Mapping[str, Any]) -> bytes:
    """A JSON document; times become seconds since 1970, members of None are left out."""
    kept = {key: value for key, value in result.items() if value is not None}
    return json.dumps(kept, default=_json_default).encode()


def _json_default(value: Any) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def json_refusal(error: AwsError) -> bytes:
    """The JSON of an error; both spellings of `message` are read by clients."""
    return json.dumps({"__type": error.code, "message": error.message, "Message": error.message}).encode()


def from_cbor(body: bytes) -> dict[str, Any]:
    """The parameters of a CBOR request; an empty body has none."""
    if not body:
        return {}
    parser = RpcV2CBORParser()
    decoded = parser.parse_data_item(parser.get_peekable_stream_from_bytes(body))
    return dict(decoded)


def to_cbor(operation: OperationModel, result: Mapping[str, Any]) -> bytes:
    """A result in CBOR by the operation's output shape; members that the shape lacks are dropped."""
    shape = operation.output_shape
    if shape is None:
        return b"\xa0"
    return _cbor(_typed(shape, result), shape)


def _cbor(value: Any, shape: Shape) -> bytes:
    serialize = RpcV2CBORSerializer()._serialize_body_params  # type: ignore[attr-defined]
    body: bytes = serialize(value, shape)
    return body


def cbor_refusal(error: AwsError) -> bytes:
    """The CBOR of an error: a map of two strings."""
    shape = _ErrorShape("Error", {"type": "structure", "members": {}})
    values = {"__type": error.code, "message": error.message}
    return _cbor(values, shape)


class _ErrorShape(Shape):
    members: Mapping[str, Shape] = {
        "__type": StringShape("String", {"type": "string"}),
        "message": StringShape("String", {"type": "string"}),
    }


def _typed(shape: Shape, value: Any) -> Any:
    match shape:
        case StructureShape():
            return {n: _typed(m, value[n]) for n, m in shape.members.items() if value.get(n) is not None}
        case ListShape():
            return [_typed(shape.member, item) for item in value]
        case MapShape():
            return {k: _typed(shape.value, v) for k, v in value.items()}
        case Shape(type_name="timestamp"):
            return value if isinstance(value, datetime) else datetime.fromtimestamp(float(value)).astimezone()
    return value
