"""From a request to its answer: faults first, then our own services, then moto."""

from __future__ import annotations

import io
import json
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

from moto.core.exceptions import ServiceException
from moto.iam.models import iam_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from sandbox import buckets, organizations, security_groups
from sandbox.api import query, rpc
from sandbox.api.errors import AwsError, internal_failure, not_implemented
from sandbox.api.models import operation_model
from sandbox.api.request import Call, Environ, json_target, read_call
from sandbox.api.rpc import from_cbor
from sandbox.aws_policies import make_known
from sandbox.calls import Calls
from sandbox.cfn.errors import CfnError
from sandbox.faults import Faults, error_of
from sandbox.http_server import Answer
from sandbox.identity import Identity
from sandbox.permissions import require

Operation = Callable[[Call], Mapping[str, Any]]
Control = Callable[[str, str, bytes], Answer]
Observer = Callable[[Call, Mapping[str, Any]], None]

CONTROL_PATH = "/_sandbox/"


@dataclass(frozen=True)
class Application:
    """`operations` are ours by (service, operation); a service in `whole` has no others.

    `observers` hear of operations that moto has done.
    """

    identity: Identity
    faults: Faults
    calls: Calls
    operations: Mapping[tuple[str, str], Operation]
    whole: frozenset[str]
    control: Control
    observers: Mapping[tuple[str, str], Observer] = field(default_factory=dict)
    moto: DomainDispatcherApplication = field(default_factory=lambda: DomainDispatcherApplication(create_backend_app))

    def __call__(self, environ: Environ) -> Answer:
        if environ["PATH_INFO"].startswith(CONTROL_PATH):
            return self.control(environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["wsgi.input"].read())
        call = read_call(environ, self.identity)
        self.calls.count(call.service, call.operation)
        try:
            return self._after_faults(call)
        except (AwsError, CfnError) as error:
            return refusal(call, AwsError(error.code, error.message, error.status))
        except ServiceException as error:
            return refusal(call, AwsError(str(error.code), str(error.message)))
        except Exception as error:  # noqa: BLE001 - a defect here is answered in the client's protocol, with its place
            return refusal(call, internal_failure(error))

    def _after_faults(self, call: Call) -> Answer:
        lost = False
        for fault in self.faults.of_request(call.service, call.operation, call.account):
            time.sleep(fault.seconds)
            lost = lost or fault.kind == "lost_response"
            error = error_of(fault, call.service)
            if error is not None:
                raise error
        answer = self._answer(call)
        return Answer(answer.status, lost=True) if lost else answer

    def _answer(self, call: Call) -> Answer:
        require(call.caller, call.service, call.operation)
        operation = self.operations.get((call.service, call.operation))
        if operation is not None:
            return success(call, operation(call))
        if call.service in self.whole:
            raise not_implemented(call.service, call.operation or "?")
        if call.service == "organizations":
            return self._organizations(call)
        if call.service == "iam" and "PolicyArn" in call.params:
            make_known(iam_backends[call.account]["aws"], call.params["PolicyArn"])
        if (call.service, call.operation) == ("ec2", "DeleteSecurityGroup"):
            security_groups.refuse_in_use(call)
        if call.service == "s3":
            expected = call.environ.get("HTTP_X_AMZ_EXPECTED_BUCKET_OWNER")
            buckets.guard(call.caller, call.operation, call.environ["PATH_INFO"], expected)
        return self._observed(call, self._moto(call, call.account))

    def _observed(self, call: Call, answer: Answer) -> Answer:
        observer = self.observers.get((call.service, call.operation))
        if observer is not None and answer.status < 300:
            observer(call, from_cbor(answer.body) if call.protocol == "cbor" else json.loads(answer.body or b"{}"))
        return answer

    def _organizations(self, call: Call) -> Answer:
        account = organizations.view_of(call.account, call.operation)
        ours = organizations.answer(call.operation, account, call.params)
        return self._moto(call, account) if ours is None else success(call, ours)

    def _moto(self, call: Call, account: str) -> Answer:
        environ = call.environ
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = account
        if call.protocol == "cbor":
            return _to_cbor(call, self._run_moto(call, _as_json(call, environ)))
        return self._run_moto(call, environ)

    def _run_moto(self, call: Call, environ: Environ) -> Answer:
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> Any:
            started.append((status, headers))

        try:
            chunks: Iterable[bytes] = self.moto(environ, start_response)
        except NotImplementedError:
            raise not_implemented(call.service, call.operation or environ["PATH_INFO"]) from None
        status, headers = started[-1]
        return Answer(int(status.split()[0]), b"".join(chunks), tuple(headers))


def _as_json(call: Call, environ: Environ) -> Environ:
    """The same request in the JSON protocol, which moto understands."""
    body = rpc.json_answer(call.params)
    changed = {
        "PATH_INFO": "/",
        "CONTENT_TYPE": "application/x-amz-json-1.1",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_X_AMZ_TARGET": json_target(call),
        "wsgi.input": io.BytesIO(body),
    }
    return {**environ, **changed}


def _to_cbor(call: Call, answer: Answer) -> Answer:
    document = json.loads(answer.body or b"{}")
    if answer.status >= 400:
        code = str(document.get("__type", "InternalFailure")).rsplit("#", 1)[-1]
        raise AwsError(code, str(document.get("message") or document.get("Message") or ""), answer.status)
    return success(call, document)


def success(call: Call, result: Mapping[str, Any]) -> Answer:
    """The answer to a call that we served, in the protocol in which it came."""
    request_id = str(uuid.uuid4())
    operation = operation_model(call.service, call.operation)
    assert operation is not None
    match call.protocol:
        case "query":
            return _answer(200, query.answer(operation, result, request_id), "text/xml", request_id)
        case "cbor":
            return _cbor(200, rpc.to_cbor(operation, result), request_id)
        case "json":
            return _answer(200, rpc.json_answer(result), "application/x-amz-json-1.1", request_id)
    # Our REST operations are invocations of functions and endpoints, whose payload is the body.
    headers = tuple((k, str(v)) for k, v in result["headers"].items())
    return Answer(int(result["status"]), bytes(result["payload"]), (*headers, ("x-amzn-RequestId", request_id)))


def refusal(call: Call, error: AwsError) -> Answer:
    """An error in the protocol of the call."""
    request_id = str(uuid.uuid4())
    match call.protocol:
        case "query":
            return _answer(error.status, query.refusal(error, request_id), "text/xml", request_id)
        case "cbor":
            return _cbor(error.status, rpc.cbor_refusal(error), request_id)
        case "ec2" | "rest-xml":
            return _answer(error.status, _plain_xml(call, error, request_id), "text/xml", request_id)
    answer = _answer(error.status, rpc.json_refusal(error), "application/x-amz-json-1.1", request_id)
    return Answer(answer.status, answer.body, (*answer.headers, ("x-amzn-ErrorType", error.code)))


def _plain_xml(call: Call, error: AwsError, request_id: str) -> bytes:
    detail = f"<Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message>"
    if call.protocol == "ec2":
        return (
            f"<Response><Errors><Error>{detail}</Error></Errors><RequestID>{request_id}</RequestID></Response>".encode()
        )
    return f"<Error>{detail}<RequestId>{request_id}</RequestId></Error>".encode()


def _answer(status: int, body: bytes, content_type: str, request_id: str) -> Answer:
    return Answer(status, body, (("Content-Type", content_type), ("x-amzn-RequestId", request_id)))


def _cbor(status: int, body: bytes, request_id: str) -> Answer:
    headers = (
        ("Content-Type", "application/cbor"),
        ("smithy-protocol", "rpc-v2-cbor"),
        ("x-amzn-RequestId", request_id),
    )
    return Answer(status, body, headers)
