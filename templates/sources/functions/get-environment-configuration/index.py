"""The environment that a SageMaker project belongs to: its domain, network, tags and published values."""

from __future__ import annotations

from typing import Any

import boto3
from custom_resource import Properties, Refusal, Request, serve

NAME_TAG = "EnvironmentName"
TYPE_TAG = "EnvironmentType"
DOMAIN_KEY = "sagemaker-domain-id"

Tags = dict[str, str]


def handler(event: dict[str, Any], context: Any) -> None:
    """Properties: SageMakerProjectName; SSMParams (list of VariableName, ParameterName); EnvName and EnvType override.

    Attributes: EnvironmentName, EnvironmentType, DomainId, DomainArn, DomainName, VpcId, SubnetIds and
    SecurityGroups (lists), ExecutionRole, KmsKeyId, and each VariableName with the value of the SSM
    parameter `<EnvironmentName>-<EnvironmentType>-<ParameterName>`.
    """
    serve(event, context, identify=_identity, apply=_configuration, oversize="ask for fewer SSMParams")


def _identity(properties: Properties) -> str:
    return f"{properties['SageMakerProjectName']}-environment"


def _configuration(request: Request) -> dict[str, Any]:
    properties = request.properties
    sagemaker, ssm = boto3.client("sagemaker"), boto3.client("ssm")
    name, kind = environment(sagemaker, properties)
    domain_id = _parameter(ssm, f"{name}-{kind}-{DOMAIN_KEY}")
    domain = sagemaker.describe_domain(DomainId=domain_id)
    return {
        NAME_TAG: name,
        TYPE_TAG: kind,
        **_domain_attributes(domain),
        **{
            one["VariableName"]: _parameter(ssm, f"{name}-{kind}-{one['ParameterName']}")
            for one in properties.get("SSMParams", [])
        },
    }


def _domain_attributes(domain: dict[str, Any]) -> dict[str, Any]:
    settings = domain["DefaultUserSettings"]
    return {
        "DomainId": domain["DomainId"],
        "DomainArn": domain["DomainArn"],
        "DomainName": domain["DomainName"],
        "VpcId": domain.get("VpcId", ""),
        "SubnetIds": domain.get("SubnetIds", []),
        "SecurityGroups": settings.get("SecurityGroups", []),
        "ExecutionRole": settings["ExecutionRole"],
        "KmsKeyId": domain.get("KmsKeyId", ""),
    }


def environment(sagemaker: Any, properties: Properties) -> tuple[str, str]:
    """EnvName and EnvType: as given, else from the project's tags, else its creator's domain, else the only domain."""
    if properties.get("EnvName") and properties.get("EnvType"):
        return properties["EnvName"], properties["EnvType"]
    project = sagemaker.describe_project(ProjectName=properties["SageMakerProjectName"])
    for tags in (_tags(sagemaker, project["ProjectArn"]), _creators_tags(sagemaker, project), _only_domain(sagemaker)):
        if NAME_TAG in tags and TYPE_TAG in tags:
            return tags[NAME_TAG], tags[TYPE_TAG]
    raise Refusal(
        f"project {properties['SageMakerProjectName']}: cannot tell which environment it belongs to. Create it from "
        f"Studio, give it the tags {NAME_TAG} and {TYPE_TAG}, or set the parameters EnvName and EnvType"
    )


def _creators_tags(sagemaker: Any, project: dict[str, Any]) -> Tags:
    domain_id = project.get("CreatedBy", {}).get("DomainId")
    return _tags(sagemaker, sagemaker.describe_domain(DomainId=domain_id)["DomainArn"]) if domain_id else {}


def _only_domain(sagemaker: Any) -> Tags:
    """The tags of the only domain of an environment in this account and Region, if there is just one."""
    pages = sagemaker.get_paginator("list_domains").paginate()
    tagged = [_tags(sagemaker, domain["DomainArn"]) for page in pages for domain in page["Domains"]]
    environments = [tags for tags in tagged if NAME_TAG in tags and TYPE_TAG in tags]
    return environments[0] if len(environments) == 1 else {}


def _tags(sagemaker: Any, arn: str) -> Tags:
    pages = sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn)
    return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}


def _parameter(ssm: Any, name: str) -> str:
    try:
        return str(ssm.get_parameter(Name=name)["Parameter"]["Value"])
    except ssm.exceptions.ParameterNotFound:
        raise Refusal(
            f"SSM parameter {name}: not found. Deploy env-main for this environment, or write the parameter by hand"
        ) from None
