"""What moto does not do for model package groups: their resource policies, and deleting them and their versions."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.sagemaker.models import sagemaker_backends

from sandbox.api.errors import AwsError
from sandbox.api.request import Call


@dataclass
class Registry:
    """Policies by account, Region and group, as text."""

    _policies: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def operations(self) -> Mapping[tuple[str, str], Callable[[Call], Mapping[str, Any]]]:
        return {
            ("sagemaker", "PutModelPackageGroupPolicy"): self.put,
            ("sagemaker", "GetModelPackageGroupPolicy"): self.get,
            ("sagemaker", "DeleteModelPackageGroupPolicy"): self.delete,
            ("sagemaker", "DeleteModelPackage"): self.delete_version,
            ("sagemaker", "DeleteModelPackageGroup"): self.delete_group,
        }

    def put(self, call: Call) -> Mapping[str, Any]:
        name, policy = call.params["ModelPackageGroupName"], call.params["ResourcePolicy"]
        backend = sagemaker_backends[call.account][call.region]
        if name not in backend.model_package_groups:
            raise AwsError("ValidationException", f"Model package group {name} does not exist")
        try:
            json.loads(policy)
        except json.JSONDecodeError as problem:
            raise AwsError("ValidationException", f"Policy is no JSON: {problem}") from problem
        self._policies[call.account, call.region, name] = policy
        return {"ModelPackageGroupArn": backend.model_package_groups[name].arn}

    def get(self, call: Call) -> Mapping[str, Any]:
        return {"ResourcePolicy": self._policies[self._known(call)]}

    def delete(self, call: Call) -> Mapping[str, Any]:
        del self._policies[self._known(call)]
        return {}

    def delete_version(self, call: Call) -> Mapping[str, Any]:
        """By name or ARN."""
        packages, wanted = sagemaker_backends[call.account][call.region].model_packages, call.params["ModelPackageName"]
        found = [key for key, one in packages.items() if wanted in (key, one.arn)]
        if not found:
            raise AwsError("ValidationException", f"Model package {wanted} does not exist")
        del packages[found[0]]
        return {}

    def delete_group(self, call: Call) -> Mapping[str, Any]:
        """Refused while it has versions."""
        backend, name = sagemaker_backends[call.account][call.region], call.params["ModelPackageGroupName"]
        if name not in backend.model_package_groups:
            raise AwsError("ValidationException", f"Model package group {name} does not exist")
        if any(one.model_package_group_name == name for one in backend.model_packages.values()):
            raise AwsError("ConflictException", f"Model package group {name} has model packages")
        del backend.model_package_groups[name]
        self._policies.pop((call.account, call.region, name), None)
        return {}

    def _known(self, call: Call) -> tuple[str, str, str]:
        key = (call.account, call.region, call.params["ModelPackageGroupName"])
        if key not in self._policies:
            raise AwsError("ValidationException", f"Model package group {key[2]} has no policy")
        return key
