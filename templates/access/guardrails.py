"""What no role of an environment may do with SageMaker, whatever else it is allowed."""

from __future__ import annotations

from collections.abc import Sequence

from awacs.aws import Action, Statement

from generator.cfn.iam import Conditions, deny
from templates.access.actions import APPROVE_MODELS, DELETE_PLATFORM, of

# The actions that AWS's data perimeter examples deny without a VPC (aws-samples/data-perimeter-policy-examples,
# service-specific controls, read 2026-11-21). CreateEndpointConfig also takes the keys, but only for endpoints without
# a model of their own; every other endpoint gets its VPC from CreateModel.
VPC_BOUND = of(
    "sagemaker",
    "CreateAutoMLJob",
    "CreateAutoMLJobV2",
    "CreateCluster",
    "CreateDataQualityJobDefinition",
    "CreateDomain",
    "CreateHyperParameterTuningJob",
    "CreateModel",
    "CreateModelBiasJobDefinition",
    "CreateModelExplainabilityJobDefinition",
    "CreateModelQualityJobDefinition",
    "CreateMonitoringSchedule",
    "CreateNotebookInstance",
    "CreateProcessingJob",
    "CreateTrainingJob",
    "UpdateDomain",
    "UpdateMonitoringSchedule",
)


# CloudFormation changes a domain without naming its subnets, which stay what they were.
CREATED_IN_VPC = tuple(action for action in VPC_BOUND if action.action != "UpdateDomain")


def stays_in_vpc(bound: Sequence[Action] = VPC_BOUND) -> list[Statement]:
    """Jobs, models and notebooks need subnets and security groups: one statement a key, since keys of one are ANDed."""
    return [
        deny("NeedsSubnets", bound, when={"Null": {"sagemaker:VpcSubnets": "true"}}),
        deny("NeedsSecurityGroups", bound, when={"Null": {"sagemaker:VpcSecurityGroupIds": "true"}}),
    ]


def without_key(name: str) -> Conditions:
    """A request that names no KMS key, by either name of the condition key.

    The Service Authorization Reference (2026-09) calls these keys deprecated, replaced by ones that end in Arn, and
    does not say whether SageMaker still sends them.
    """
    return {"Null": {f"sagemaker:{key}": "true" for key in (name, f"{name}Arn")}}


def notebooks_stay_closed() -> list[Statement]:
    """Notebook instances and domains have no way to the internet of their own, no root and a customer key."""
    create = of("sagemaker", "CreateNotebookInstance")
    return [
        deny("NotebookOffline", create, when={"StringNotEquals": {"sagemaker:DirectInternetAccess": "Disabled"}}),
        deny("NotebookWithoutRoot", create, when={"StringNotEquals": {"sagemaker:RootAccess": "Disabled"}}),
        deny(
            "DomainInVpc",
            of("sagemaker", "CreateDomain"),
            when={"StringNotEquals": {"sagemaker:AppNetworkAccessType": "VpcOnly"}},
        ),
        deny(
            "DomainStaysInVpc",
            of("sagemaker", "UpdateDomain"),
            when={"StringEquals": {"sagemaker:AppNetworkAccessType": "PublicInternetOnly"}},
        ),
        deny(
            "NeedsVolumeKey",
            of("sagemaker", "CreateDomain", "CreateNotebookInstance"),
            when=without_key("VolumeKmsKey"),
        ),
    ]


def approves_nothing() -> list[Statement]:
    """Whoever trains does not approve: neither when a model is registered nor later."""
    return [
        deny("ApprovesNothing", APPROVE_MODELS),
        deny(
            "RegistersUnapproved",
            of("sagemaker", "CreateModelPackage"),
            when={"StringEquals": {"sagemaker:ModelApprovalStatus": "Approved"}},
        ),
    ]


def deletes_no_platform() -> Statement:
    """Stack sets, stacks, keys, domains and model history are out of reach of anybody's code."""
    return deny("DeletesNoPlatform", DELETE_PLATFORM)
