"""Picks the model package to deploy and writes the parameters of each stage for CodePipeline's stack set action."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import boto3

STAGES = {
    "STAGING_CONFIG_NAME": ("SAGEMAKER_EXECUTION_ROLE_STAGING_NAME", "ENV_TYPE_STAGING_NAME"),
    "PROD_CONFIG_NAME": ("SAGEMAKER_EXECUTION_ROLE_PROD_NAME", "ENV_TYPE_PROD_NAME"),
}


def latest_approved(sagemaker: Any, group: str) -> str:
    """The ARN of the newest approved package of the group."""
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group, ModelApprovalStatus="Approved", SortBy="CreationTime", SortOrder="Descending"
    )
    for page in pages:
        for package in page["ModelPackageSummaryList"]:
            return str(package["ModelPackageArn"])
    sys.exit(f"{group}: no model package is approved yet; approve one and the pipeline starts by itself")


def approved(sagemaker: Any, package: str) -> str:
    """The package that the pipeline was started for; refused when it is not approved (any more)."""
    status = sagemaker.describe_model_package(ModelPackageName=package)["ModelApprovalStatus"]
    if status != "Approved":
        sys.exit(f"{package}: is {status}, only an approved model package is deployed")
    return package


def parameters(
    template: dict[str, str], package: str, role: str, stage: str, variables: dict[str, str]
) -> list[dict[str, str]]:
    """The endpoint template's parameters for one stage."""
    names = f"{variables['ENV_NAME']}-{stage}"
    values = {
        **template,
        "ModelPackageName": package,
        "ExecutionRoleName": role,
        "SageMakerProjectName": variables["SAGEMAKER_PROJECT_NAME"],
        "SageMakerProjectId": variables["SAGEMAKER_PROJECT_ID"],
        "EnvName": variables["ENV_NAME"],
        "EnvType": stage,
        "SageMakerSubnetIds": f"{names}-private-subnet-ids",
        "SageMakerSecurityGroupIds": f"{names}-sagemaker-sg-ids",
    }
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]


def main() -> None:
    variables = dict(os.environ)
    sagemaker = boto3.client("sagemaker")
    wanted = variables.get("MODEL_PACKAGE_ARN", "latest")
    if wanted == "latest":
        package = latest_approved(sagemaker, variables["SOURCE_MODEL_PACKAGE_GROUP_NAME"])
    else:
        package = approved(sagemaker, wanted)
    for config, (role, stage) in STAGES.items():
        name = variables[config]
        template = json.loads(Path(f"{name}-template.json").read_text())
        made = parameters(template, package, variables[role], variables[stage], variables)
        Path(f"{name}.json").write_text(json.dumps(made, indent=2))
    print(f"deploys {package}")


if __name__ == "__main__":
    main()
