"""The embedded AWS: one object that holds every service and serves them over HTTP on 127.0.0.1."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import TracebackType
from typing import Any

# Before moto is imported: it reads these once. Loading 800 images into each account makes VPCs ten times slower.
os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"

from sandbox import buckets
from sandbox.api import cloudformation
from sandbox.api.errors import AwsError
from sandbox.api.request import Call, invoked_function
from sandbox.application import Application, Operation
from sandbox.calls import Calls
from sandbox.catalog import Catalog
from sandbox.cfn.engine import Engine
from sandbox.cfn.model import Physical
from sandbox.control import Controls
from sandbox.delivery import Delivery
from sandbox.faults import Faults
from sandbox.hooks import SandboxHooks
from sandbox.http_server import HttpServer
from sandbox.identity import MANAGEMENT_ACCOUNT, Caller, Identity, caller_identity
from sandbox.lambdas import Lambdas, invoke_answer
from sandbox.launch_paths import LaunchPaths
from sandbox.launches import Launcher
from sandbox.portfolios import Portfolios
from sandbox.product_versions import ProductVersions
from sandbox.projects import Projects
from sandbox.provisioning import Provisioning
from sandbox.registry import Registry
from sandbox.shares import Shares
from sandbox.stacksets.resource import StackSetResource
from sandbox.stacksets.service import StackSets
from sandbox.state import forget_everything
from sandbox.studio import Studio


class Sandbox:
    """One at a time in a process, since moto keeps its state in globals; `start` begins with an empty AWS.

    with Sandbox() as aws:
        boto3.client("s3", endpoint_url=aws.endpoint, **aws.credentials("111111111111"))
    """

    def __init__(self, port: int = 0, host: str = "127.0.0.1", default_account: str = MANAGEMENT_ACCOUNT) -> None:
        self.identity = Identity(default_account)
        self.faults = Faults()
        self.calls = Calls()
        self.lambdas = Lambdas(self.identity)
        self.hooks = SandboxHooks(self.lambdas, self.faults, lambda: self.endpoint)
        self.engine = Engine(self.hooks)
        self.studio = Studio(self.engine)
        self.stack_sets = StackSets(self.engine, self.hooks.now)
        self._handlers = cloudformation.handlers(self.engine, self.stack_sets)
        resource = StackSetResource(self.stack_sets, self._call)
        self.delivery = Delivery(self.identity, lambda: self.endpoint)
        self.hooks.connect(resource, self.stack_sets.text, self.engine.signal, self.delivery.pipelines)
        self._http = HttpServer(self._application(), host, port)

    def start(self) -> Sandbox:
        """Serve; OSError when the port is taken."""
        forget_everything()
        buckets.take_over_policies()
        self._http.start()
        self.lambdas.endpoint = self.endpoint
        return self

    def stop(self) -> None:
        self.delivery.stop()
        self._http.stop()
        self.stack_sets.stop_all()
        self.lambdas.stop()

    def __enter__(self) -> Sandbox:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def endpoint(self) -> str:
        return f"http://{self._http.host}:{self._http.port}"

    def credentials(self, account: str) -> dict[str, str]:
        """The account's administrator, as keyword arguments of a boto3 client or session."""
        return {"aws_access_key_id": account, "aws_secret_access_key": "sandbox"}

    def environment(self, account: str, region: str) -> dict[str, str]:
        """The same for the environment of any AWS client, with the endpoint; nothing of the user's is read."""
        return {
            "AWS_ACCESS_KEY_ID": account,
            "AWS_SECRET_ACCESS_KEY": "sandbox",
            "AWS_DEFAULT_REGION": region,
            "AWS_REGION": region,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def inventory(self) -> list[Physical]:
        """Everything that stacks made and have not deleted."""
        return self.engine.inventory()

    def set_latency(self, seconds: float) -> None:
        """How long each stack of a stack set operation takes at least."""
        self.stack_sets.latency = seconds

    def _application(self) -> Application:
        ours: dict[tuple[str, str], Operation] = {
            ("sts", "AssumeRole"): lambda call: self.identity.assume_role(call.caller, call.params),
            ("sts", "GetCallerIdentity"): lambda call: caller_identity(call.caller),
            ("lambda", "Invoke"): self._invoke,
            **self.delivery.operations(),
            **self._service_catalog(),
            **self.studio.operations(),
            **Registry().operations(),
            **cloudformation.operations(self._handlers),
        }
        control = Controls(
            self.faults,
            self.calls,
            self._health,
            self.inventory,
            self.engine.signal,
            self.set_latency,
            self.delivery.endpoints,
            self.delivery.events.shown,
        )
        whole = frozenset({"cloudformation", "sagemaker-runtime"})
        observers = self.delivery.observers()
        return Application(self.identity, self.faults, self.calls, ours, whole, control, observers)

    def _service_catalog(self) -> dict[tuple[str, str], Operation]:
        """Portfolios and products, what is launched of them, and SageMaker's projects, which are launched too."""
        catalog, launcher = Catalog(self.engine, ProductVersions()), Launcher(self.engine)
        portfolios = Portfolios(catalog)
        paths = LaunchPaths(catalog, portfolios)
        provisioning = Provisioning(launcher, paths)
        projects = Projects(launcher, provisioning)
        return {
            **catalog.operations(),
            **portfolios.operations(),
            **Shares(catalog).operations(),
            **paths.operations(),
            **provisioning.operations(),
            **projects.operations(),
        }

    def _health(self) -> dict[str, Any]:
        return {"status": "ok", "endpoint": self.endpoint, "management_account": self.identity.default_account}

    def _invoke(self, call: Call) -> Mapping[str, Any]:
        kind = call.environ.get("HTTP_X_AMZ_INVOCATION_TYPE", "RequestResponse")
        return invoke_answer(self.lambdas, call.account, call.region, invoked_function(call), call.body, kind)

    def _call(self, account: str, region: str, operation: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """A CloudFormation operation without HTTP, as the account's administrator."""
        handler = self._handlers.get(operation)
        if handler is None:
            raise AwsError("InvalidAction", f"Could not find operation {operation}")
        caller = Caller(account, f"arn:aws:iam::{account}:root")
        return handler(Call("cloudformation", operation, region, caller, "query", {}, b""), params)
