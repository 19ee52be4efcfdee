"""SageMaker models, endpoint configurations and endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.sagemaker.models import FakeEndpoint, FakeEndpointConfig, sagemaker_backends

from .. import naming
from ..errors import ResourceError
from ..handler import Handler, Made, Task, tag_list
from ..services import translated

_NAME_LIMIT = 63


class _AnyInstance(FakeEndpointConfig):
    """moto knows the instance types of some years ago; CloudFormation's schema has checked this one."""

    def validate_instance_type(self, instance_type: str) -> None:
        """Every type is taken."""


def _name(task: Task, key: str) -> str:
    return str(task.properties.get(key) or naming.generated_name(task.scope, _NAME_LIMIT))


def _last(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]


def _create_model(task: Task) -> Made:
    properties, name = task.properties, _name(task, "ModelName")
    containers = [properties.get("PrimaryContainer"), *(properties.get("Containers") or ())]
    for container in containers:
        _require_package((container or {}).get("ModelPackageName"))
    model = translated(
        lambda: task.backend("sagemaker").create_model(
            name,
            properties.get("ExecutionRoleArn"),
            properties.get("PrimaryContainer"),
            properties.get("VpcConfig"),
            list(properties.get("Containers") or ()),
            tag_list(task.scope.tags),
        ),
        "SageMaker",
    )
    return Made(model.arn, {"ModelName": name, "ModelArn": model.arn})


def _require_package(arn: Any) -> None:
    """A package is known by its ARN in the account that registered it; group policies are not evaluated."""
    if not arn or not str(arn).startswith("arn:"):
        return
    _, _, _, region, account, _ = str(arn).split(":", 5)
    if str(arn) not in sagemaker_backends[account][region].model_packages:
        raise ResourceError(f"Could not find model package '{arn}'.", "NotFound")


def _delete_model(task: Task) -> None:
    task.backend("sagemaker")._models.pop(_last(task.physical_id), None)


def _create_config(task: Task) -> Made:
    backend, properties, scope = task.backend("sagemaker"), task.properties, task.scope
    name = _name(task, "EndpointConfigName")
    variants = list(properties["ProductionVariants"])
    translated(lambda: backend.validate_production_variants(variants), "SageMaker")
    given: Any = _AnyInstance
    backend.endpoint_configs[name] = given(
        account_id=scope.account,
        region_name=scope.region,
        endpoint_config_name=name,
        production_variants=variants,
        async_inference_config=properties.get("AsyncInferenceConfig"),
        data_capture_config=properties.get("DataCaptureConfig"),
        tags=tag_list(scope.tags),
        kms_key_id=properties.get("KmsKeyId"),
    )
    arn = backend.endpoint_configs[name].endpoint_config_arn
    return Made(arn, {"EndpointConfigName": name, "EndpointConfigArn": arn})


def _delete_config(task: Task) -> None:
    task.backend("sagemaker").endpoint_configs.pop(_last(task.physical_id), None)


def _create_endpoint(task: Task) -> Made:
    name = _name(task, "EndpointName")
    if name in task.backend("sagemaker").endpoints:
        raise ResourceError(f"Cannot create already existing endpoint '{name}'.", "AlreadyExists")
    return _put_endpoint(task, name)


def _put_endpoint(task: Task, name: str) -> Made:
    """InService at once: no container starts and no traffic shifts, so no alarm rolls back."""
    backend, scope = task.backend("sagemaker"), task.scope
    config = str(task.properties["EndpointConfigName"])
    if config not in backend.endpoint_configs:
        raise ResourceError(f"Could not find endpoint configuration '{config}'.", "NotFound")
    described = backend.endpoint_configs[config]
    endpoint: Any = FakeEndpoint
    made = endpoint(
        scope.account, scope.region, name, config, described.production_variants, described.data_capture_config,
        tag_list(scope.tags),
    )  # fmt: skip
    backend.endpoints[name] = made
    return Made(made.arn, {"EndpointName": name, "EndpointArn": made.arn})


def _update_endpoint(task: Task) -> Made:
    return _put_endpoint(task, _last(task.physical_id))


def _delete_endpoint(task: Task) -> None:
    task.backend("sagemaker").endpoints.pop(_last(task.physical_id), None)


HANDLERS: Mapping[str, Handler] = {
    "AWS::SageMaker::Model": Handler(_create_model, _delete_model),
    "AWS::SageMaker::EndpointConfig": Handler(_create_config, _delete_config),
    "AWS::SageMaker::Endpoint": Handler(_create_endpoint, _delete_endpoint, _update_endpoint),
}
