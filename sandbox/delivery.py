"""What runs inside AWS when a model is delivered: events, pipelines, builds, endpoints, wired to each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from sandbox.api.request import Call
from sandbox.builds.service import Builds
from sandbox.events import Events
from sandbox.identity import Identity
from sandbox.models import Endpoints, PackageEvents
from sandbox.pipelines.service import Pipelines
from sandbox.pipelines.views import tell_of_execution
from sandbox.repositories import Repositories
from sandbox.service_roles import Clients, ServiceRoles

Operation = Callable[[Call], Mapping[str, Any]]
Observer = Callable[[Call, Mapping[str, Any]], None]

_PATIENCE_SECONDS = 5.0


class Delivery:
    """One per sandbox; `endpoint` is asked when it serves."""

    def __init__(self, identity: Identity, endpoint: Callable[[], str]) -> None:
        roles = ServiceRoles(identity, Clients(endpoint))
        self.events = Events(roles)
        self.builds = Builds(roles)
        self.pipelines = Pipelines(roles, self.builds, partial(tell_of_execution, self.events))
        self.endpoints = Endpoints()
        self.repositories = Repositories(self.events)
        self.events.connect(self.pipelines.start)

    def operations(self) -> dict[tuple[str, str], Operation]:
        return {
            ("sagemaker-runtime", "InvokeEndpoint"): self.endpoints.invoke,
            **self.events.operations(),
            **self.repositories.operations(),
            **self.builds.operations(),
            **self.pipelines.operations(),
        }

    def observers(self) -> dict[tuple[str, str], Observer]:
        """Who hears of what moto has done."""
        packages = PackageEvents(self.events)
        return {
            ("sagemaker", "CreateModelPackage"): packages.told,
            ("sagemaker", "UpdateModelPackage"): packages.told,
            ("codepipeline", "CreatePipeline"): self.pipelines.told_of_new,
            ("codepipeline", "DeletePipeline"): self.pipelines.told_of_gone,
        }

    def stop(self) -> None:
        """End executions, and builds with their processes."""
        self.pipelines.stop_all()
        self.builds.stop_all()
        self.pipelines.wait(_PATIENCE_SECONDS)
