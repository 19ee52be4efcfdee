"""What the CloudFormation engine asks of the sandbox: time, templates, functions, stack sets, faults."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from sandbox import buckets
from sandbox.api.errors import AwsError
from sandbox.cfn.errors import ResourceError
from sandbox.cfn.model import Scope
from sandbox.control import SIGNAL_PATH
from sandbox.faults import Faults
from sandbox.lambdas import Lambdas
from sandbox.pipelines.service import Pipelines
from sandbox.stacksets.resource import StackSetResource

_NO_ANSWER = (
    "CloudFormation did not receive a response from your Custom Resource. Please check your logs for requestId "
    "[{request}]. If you are using the Python cfn-response module, you may need to update your Lambda function code "
    "so that CloudFormation can attach the updated version."
)


@dataclass
class SandboxHooks:
    """`connect` completes it: the engine and the services that ask it need each other."""

    lambdas: Lambdas
    faults: Faults
    endpoint: Callable[[], str]
    _stack_set: StackSetResource | None = None
    _stored_text: Callable[[str], str | None] = field(default=lambda _url: None)
    _signal: Callable[[str, bytes], bool] = field(default=lambda _token, _body: False)
    _pipelines: Pipelines | None = None

    def connect(
        self,
        stack_set: StackSetResource,
        stored_text: Callable[[str], str | None],
        signal: Callable[[str, bytes], bool],
        pipelines: Pipelines,
    ) -> None:
        self._stack_set, self._stored_text, self._signal = stack_set, stored_text, signal
        self._pipelines = pipelines

    def now(self) -> datetime:
        return datetime.now(UTC)

    def read_template(self, url: str, account: str, region: str) -> str:  # noqa: ARG002 - the engine's signature
        """A template of a stack set, or an S3 object read as the account's administrator."""
        stored = self._stored_text(url)
        return buckets.read_template(url, account) if stored is None else stored

    def invoke_function(self, account: str, region: str, arn: str, payload: dict[str, Any]) -> None:
        """Run the function in a thread; code that fails without answering is answered for, at once."""
        if ":lambda:" not in arn:
            raise ResourceError(f"Invalid service token: the sandbox runs Lambda functions only, not {arn}")
        try:
            function = self.lambdas.find(account, region, arn)
        except AwsError as error:
            raise ResourceError(error.message, error.code) from None

        def run() -> None:
            try:
                problem = self._problem(function, payload)
            except AwsError as error:
                problem = error.message
            if problem:
                self._signal(_token(payload), _failure(payload, problem))

        threading.Thread(target=run, daemon=True).start()

    def _problem(self, function: Any, payload: dict[str, Any]) -> str:
        done = self.lambdas.invoke(function, payload)
        if done.error is None:
            return ""
        return f"{_NO_ANSWER.format(request=payload.get('RequestId'))} The function's error: {done.problem}"

    def response_url(self, token: str) -> str:
        return f"{self.endpoint()}{SIGNAL_PATH}{token}"

    def stack_set_resource(
        self,
        action: Literal["create", "update", "delete"],
        scope: Scope,
        physical_id: str | None,
        properties: Mapping[str, Any],
    ) -> str:
        assert self._stack_set is not None
        return self._stack_set.apply(action, scope, physical_id, properties)

    def pipeline_created(self, account: str, region: str, name: str) -> None:
        assert self._pipelines is not None
        self._pipelines.created(account, region, name)

    def pipeline_deleted(self, account: str, region: str, name: str) -> None:
        assert self._pipelines is not None
        self._pipelines.deleted(account, region, name)

    def before(self, account: str, region: str, action: str, type_name: str, logical_id: str) -> None:  # noqa: ARG002
        reason = self.faults.at_resource(account, region, type_name, action)
        if reason is not None:
            raise ResourceError(reason)


def _token(payload: Mapping[str, Any]) -> str:
    return str(payload.get("ResponseURL", "")).rsplit("/", 1)[-1]


def _failure(payload: Mapping[str, Any], reason: str) -> bytes:
    kept = ("StackId", "RequestId", "LogicalResourceId")
    answer = {
        "Status": "FAILED",
        "Reason": reason,
        "PhysicalResourceId": payload.get("PhysicalResourceId") or payload.get("RequestId"),
        **{key: payload.get(key) for key in kept},
    }
    return json.dumps(answer).encode()
