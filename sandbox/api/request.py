"""What a request asks for: service, operation, Region and caller, read from its signature, headers and body."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote

from moto.core.request import Request as MotoRequest
from moto.core.routing import get_service_router
from werkzeug.exceptions import NotFound

from sandbox.api.models import service_model
from sandbox.api.rpc import from_cbor
from sandbox.identity import Caller, Identity

Protocol = Literal["query", "ec2", "json", "cbor", "rest-json", "rest-xml"]
Environ = dict[str, Any]

# Services whose signing name is not the name of their model
_MODELS = {"elasticfilesystem": "efs"}
_SCOPE = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request")
_CBOR_PATH = re.compile(r"^/service/(?P<target>[^/]+)/operation/(?P<operation>[^/]+)$")
# Requests to endpoints are signed for `sagemaker`, which is another service of botocore's.
_ENDPOINT_PATH = re.compile(r"^/endpoints/[^/]+/(?:async-)?invocations")
_INVOKE_PATH = re.compile(r"^/2015-03-31/functions/(?P<name>[^/]+)/invocations/?$")


@dataclass(frozen=True)
class Call:
    """One request, with its body read; `operation` is empty where the service's routes do not name one."""

    service: str
    operation: str
    region: str
    caller: Caller
    protocol: Protocol
    environ: Environ
    body: bytes

    @property
    def account(self) -> str:
        return self.caller.account

    @cached_property
    def params(self) -> dict[str, Any]:
        """Parameters of the JSON and CBOR protocols as given, of the query protocol as flat fields."""
        match self.protocol:
            case "json":
                loaded = json.loads(self.body or b"{}")
                return dict(loaded) if isinstance(loaded, dict) else {}
            case "cbor":
                return from_cbor(self.body)
            case _:
                return dict(_form(self.environ, self.body))


def read_call(environ: Environ, identity: Identity) -> Call:
    """Classify a request; its body is read whole and can be read again from `wsgi.input`."""
    body = _body(environ)
    key, region, service = _scope(environ)
    if service == "sagemaker" and _ENDPOINT_PATH.match(environ["PATH_INFO"]):
        service = "sagemaker-runtime"
    caller = identity.caller(key) if key else Caller(identity.default_account, "anonymous")
    protocol, operation = _operation(environ, service, body)
    return Call(service, operation, region, caller, protocol, environ, body)


def _body(environ: Environ) -> bytes:
    body = bytes(environ["wsgi.input"].read())
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _scope(environ: Environ) -> tuple[str, str, str]:
    """Access key, Region and service; an unsigned request is S3's, as an object URL may be."""
    signed = environ.get("HTTP_AUTHORIZATION") or unquote(environ.get("QUERY_STRING", "")).replace("X-Amz-", "")
    found = _SCOPE.search(signed)
    if found is None:
        return "", "us-east-1", "s3" if not environ.get("HTTP_X_AMZ_TARGET") else ""
    service = found[3].lower()
    return found[1], found[2], _MODELS.get(service, service)


def _operation(environ: Environ, service: str, body: bytes) -> tuple[Protocol, str]:
    target = environ.get("HTTP_X_AMZ_TARGET")
    if target:
        return "json", target.rsplit(".", 1)[-1]
    cbor = _CBOR_PATH.match(environ["PATH_INFO"])
    if cbor and environ.get("HTTP_SMITHY_PROTOCOL") == "rpc-v2-cbor":
        return "cbor", cbor["operation"]
    action = _form(environ, body).get("Action") if service not in ("s3", "lambda") else None
    if action:
        return "ec2" if service == "ec2" else "query", action
    return ("rest-xml" if service in ("s3", "route53", "cloudfront") else "rest-json"), _routed(environ, service)


def _form(environ: Environ, body: bytes) -> Mapping[str, str]:
    fields = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        fields.update(parse_qsl(body.decode(), keep_blank_values=True))
    return fields


def _routed(environ: Environ, service: str) -> str:
    """The operation of a REST service by the routes of its model; empty when none fits."""
    if not service:
        return ""
    if service == "lambda" and _INVOKE_PATH.match(environ["PATH_INFO"]):
        return "Invoke"
    try:
        operation, _ = get_service_router(service).match(MotoRequest(environ.copy()))
    except (NotFound, NotImplementedError):
        return ""
    finally:
        environ["wsgi.input"].seek(0)
    return str(operation.name)


def invoked_function(call: Call) -> str:
    """The function name or ARN in the path of lambda:Invoke."""
    found = _INVOKE_PATH.match(call.environ["PATH_INFO"])
    return unquote(found["name"]) if found else ""


def json_target(call: Call) -> str:
    """The X-Amz-Target that the JSON protocol would have had for a CBOR request."""
    return f"{service_model(call.service).metadata['targetPrefix']}.{call.operation}"
