"""What a workspace product knows of the environment that it belongs to."""

from __future__ import annotations

from typing import Any

from troposphere import AWSObject, ImportValue, Ref

from generator.cfn.contract import Param
from templates.parameters import ENV_NAME, ENV_TYPE
from templates.project.environment import CONFIGURATION
from templates.published import EBS_KEY_ARN

GROUP = "Workspace"


class EnvironmentConfiguration(AWSObject):
    """Custom::GetEnvironmentConfiguration, for an environment by name instead of a project's."""

    resource_type = "Custom::GetEnvironmentConfiguration"
    props = {  # noqa: RUF012 - troposphere's own form
        "ServiceToken": (str, True),
        "SageMakerProjectName": (str, True),
        "EnvName": (str, True),
        "EnvType": (str, True),
        "SSMParams": (list, True),
    }


def name_parameter(name: str, description: str, limit: int) -> Param:
    """Beside `${EnvName}-${EnvType}-`, with its 28 characters, this name has room within SageMaker's 63."""
    return Param(
        name,
        description,
        pattern="[a-z0-9](-*[a-z0-9])*",
        constraint=f"1 to {limit} lower-case letters, digits and hyphens",
        max_length=limit,
        group=GROUP,
        label="Name",
    )


def look_up(name: Any) -> EnvironmentConfiguration:
    """Attributes: DomainId, SubnetIds and SecurityGroups (lists), ExecutionRole, EbsKeyArn."""
    return EnvironmentConfiguration(
        CONFIGURATION,
        ServiceToken=ImportValue("ds-get-environment-configuration-lambda-arn"),
        SageMakerProjectName=name,
        EnvName=Ref(ENV_NAME.name),
        EnvType=Ref(ENV_TYPE.name),
        SSMParams=[{"VariableName": "EbsKeyArn", "ParameterName": EBS_KEY_ARN.key}],
    )
