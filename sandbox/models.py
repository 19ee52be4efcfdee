"""SageMaker's side of models: state changes of packages as events, and endpoints that answer.

An endpoint answers with one number for each line (or instance) of its input unless told otherwise by `POST
/_sandbox/models`; nothing is learned or computed.
"""

from __future__ import annotations

import fnmatch
import json
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import unquote

from moto.sagemaker.models import ModelPackage, sagemaker_backends

from generator.errors import ToolError
from sandbox.api.errors import AwsError
from sandbox.api.request import Call
from sandbox.events import Events

_PATH = re.compile(r"^/endpoints/([^/]+)/invocations/?$")


@dataclass(frozen=True)
class Behaviour:
    """How the endpoints that match answer; patterns as in a shell.

    `value` is given `values_per_line` times for each line of input; `body` is answered as it stands instead; `status`
    of 400 and above is an error with `message`; `seconds` pass first.
    """

    account: str = "*"
    endpoint: str = "*"
    model_package: str = "*"
    value: float = 10.0
    values_per_line: int = 1
    body: str | None = None
    seconds: float = 0.0
    status: int = 200
    message: str = "the sandbox was told to fail"


def behaviour_from(document: Mapping[str, Any]) -> Behaviour:
    """A behaviour from JSON; a name that is not a field is refused."""
    unknown = sorted(set(document) - set(Behaviour.__dataclass_fields__))
    if unknown:
        fields = ", ".join(Behaviour.__dataclass_fields__)
        raise ToolError(f"model: unknown field {', '.join(unknown)}", f"the fields are {fields}")
    return Behaviour(**document)


@dataclass
class Endpoints:
    """Answers of endpoints; of the orders that match, the newest counts. Thread-safe."""

    _orders: list[Behaviour] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def order(self, behaviour: Behaviour) -> None:
        with self._lock:
            self._orders.insert(0, behaviour)

    def clear(self) -> None:
        with self._lock:
            self._orders.clear()

    def shown(self) -> list[dict[str, Any]]:
        """The orders in force, the newest first."""
        return [asdict(behaviour) for behaviour in list(self._orders)]

    def invoke(self, call: Call) -> dict[str, Any]:
        """sagemaker-runtime:InvokeEndpoint: status, headers, payload."""
        name = endpoint_name(call.environ["PATH_INFO"])
        variant, package = _variant(call.account, call.region, name)
        behaviour = self._behaviour(call.account, name, package)
        time.sleep(behaviour.seconds)
        if behaviour.status >= 400:
            raise AwsError("ModelError", f"Received server error ({behaviour.status}): {behaviour.message}", 424)
        accept = call.environ.get("HTTP_ACCEPT") or "text/csv"
        payload = _answer(behaviour, call.body, call.environ.get("CONTENT_TYPE", ""), accept)
        content_type = "application/json" if "json" in accept else "text/csv"
        headers = {"Content-Type": content_type, "x-Amzn-Invoked-Production-Variant": variant}
        return {"status": 200, "headers": headers, "payload": payload}

    def _behaviour(self, account: str, endpoint: str, package: str) -> Behaviour:
        def matches(one: Behaviour) -> bool:
            pairs = ((account, one.account), (endpoint, one.endpoint), (package, one.model_package))
            return all(fnmatch.fnmatchcase(value, pattern) for value, pattern in pairs)

        return next((one for one in list(self._orders) if matches(one)), Behaviour())


def endpoint_name(path: str) -> str:
    """The endpoint in the path of an invocation; empty for other paths."""
    found = _PATH.match(path)
    return unquote(found[1]) if found else ""


def _variant(account: str, region: str, name: str) -> tuple[str, str]:
    """The endpoint's first variant and the ARN of its model's package (empty where it has none)."""
    backend = sagemaker_backends[account][region]
    endpoint = backend.endpoints.get(name)
    if endpoint is None:
        raise AwsError("ValidationError", f"Endpoint {name} of account {account} not found.")
    if endpoint.endpoint_status != "InService":
        raise AwsError("ValidationError", f"Endpoint {name} of account {account} is {endpoint.endpoint_status}.")
    variant = backend.endpoint_configs[endpoint.endpoint_config_name].production_variants[0]
    model = backend._models.get(variant["ModelName"])
    package = "" if model is None else str((model.primary_container or {}).get("ModelPackageName", ""))
    return str(variant["VariantName"]), package


def _answer(behaviour: Behaviour, body: bytes, content_type: str, accept: str) -> bytes:
    if behaviour.body is not None:
        return behaviour.body.encode()
    row = [behaviour.value] * behaviour.values_per_line
    rows = [row] * _lines(body, content_type)
    if "json" in accept:
        return json.dumps({"predictions": [row[0] if len(row) == 1 else row for row in rows]}).encode()
    return "".join(",".join(str(value) for value in row) + "\n" for row in rows).encode()


def _lines(body: bytes, content_type: str) -> int:
    """How many answers the input asks for."""
    if "json" in content_type:
        document = json.loads(body or b"null")
        given = document.get("instances", document) if isinstance(document, dict) else document
        return len(given) if isinstance(given, list) else 1
    return sum(1 for line in body.splitlines() if line.strip())


@dataclass(frozen=True)
class PackageEvents:
    """Tells EventBridge of each new model package and each change of its state."""

    events: Events

    def told(self, _call: Call, answer: Mapping[str, Any]) -> None:
        """After CreateModelPackage or UpdateModelPackage."""
        arn = str(answer["ModelPackageArn"])
        _, _, _, region, account, _ = arn.split(":", 5)
        package = sagemaker_backends[account][region].model_packages.get(arn)
        if package is not None:
            kind = "SageMaker Model Package State Change"
            self.events.send(account, region, "aws.sagemaker", kind, [arn], _detail(arn, package))


def _detail(arn: str, package: ModelPackage) -> dict[str, Any]:
    """What the rules here and the user guide's example ask for; not the whole description."""
    given = {
        "ModelPackageArn": arn,
        "ModelPackageName": package.model_package_name,
        "ModelPackageGroupName": package.model_package_group_name,
        "ModelPackageVersion": package.model_package_version,
        "ModelPackageStatus": package.model_package_status,
        "ModelApprovalStatus": package.model_approval_status,
        "ApprovalDescription": package.approval_description,
        "CustomerMetadataProperties": package.customer_metadata_properties,
    }
    return {key: value for key, value in given.items() if value is not None}
