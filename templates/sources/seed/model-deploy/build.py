"""Picks the model package to deploy, and writes the accounts and the parameters of each stage for CodePipeline."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import release
import settings
import targets

STAGES = {
    "staging": ("STAGING_CONFIG_NAME", "SAGEMAKER_EXECUTION_ROLE_STAGING_NAME", "ENV_TYPE_STAGING_NAME"),
    "prod": ("PROD_CONFIG_NAME", "SAGEMAKER_EXECUTION_ROLE_PROD_NAME", "ENV_TYPE_PROD_NAME"),
}
DEFAULT_INSTANCE_TYPE = "ml.m5.large"


def latest_approved(sagemaker: Any, group: str) -> str:
    """The ARN of the newest approved package of the group; empty where none is approved yet."""
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group, ModelApprovalStatus="Approved", SortBy="CreationTime", SortOrder="Descending"
    )
    for page in pages:
        for package in page["ModelPackageSummaryList"]:
            return str(package["ModelPackageArn"])
    return ""


def approved(sagemaker: Any, package: str, group: str) -> str:
    """The package that the pipeline was started for; refused when it is another group's or not approved (any more)."""
    described = sagemaker.describe_model_package(ModelPackageName=package)
    if described.get("ModelPackageGroupName") != group:
        raise SystemExit(f"{package}: is no package of {group}")
    status = described["ModelApprovalStatus"]
    if status != "Approved":
        raise SystemExit(f"{package}: is {status}, only an approved model package is deployed")
    return package


def parameters(
    template: dict[str, str], package: str, role: str, stage: str, variables: dict[str, str]
) -> list[dict[str, str]]:
    """The endpoint template's parameters for one stage."""
    owner = targets.owner(variables, stage)
    owned = f"{variables['ENV_NAME']}-{owner}"
    kind = template.get("EndpointInstanceType", DEFAULT_INSTANCE_TYPE)
    values = {
        **template,
        "VolumeEncryption": settings.volume_encryption(kind, Path(__file__).parent / "instances.json"),
        "ModelPackageName": package,
        "ExecutionRoleName": role,
        "TestRoleName": targets.test_role(variables, stage),
        "BatchRoleName": f"{owned}-{variables['AWS_REGION']}-model-batch",
        "SageMakerProjectName": variables["SAGEMAKER_PROJECT_NAME"],
        "SageMakerProjectId": variables["SAGEMAKER_PROJECT_ID"],
        "EnvName": variables["ENV_NAME"],
        "EnvType": stage,
        "KeyEnvType": owner,
        "SageMakerSubnetIds": f"{owned}-private-subnet-ids",
        "SageMakerSecurityGroupIds": f"{owned}-sagemaker-sg-ids",
    }
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]


def released(
    package: str, template: dict[str, str], variables: dict[str, str], client: Callable[[str], Any]
) -> dict[str, str]:
    """Put a multi-model endpoint's models where it reads them; the parameters that say so, none for other kinds."""
    if template.get("EndpointKind") != "MULTI_MODEL":
        return {}
    group, s3 = variables["SOURCE_MODEL_PACKAGE_GROUP_NAME"], client("s3")
    artifacts = release.approved_artifacts(client("sagemaker"), s3, group, package)
    made = release.planned(artifacts, variables["MODEL_BUCKET"], group)
    release.publish(s3, made)
    return made.parameters


def write(name: str, content: object) -> None:
    Path(name).write_text(json.dumps(content, indent=2))


def deployment(package: str, variables: dict[str, str], client: Callable[[str], Any], own: str) -> dict[str, object]:
    """File name -> content. Without a package they are empty: CodePipeline wants them, and nothing is deployed."""
    files: dict[str, object] = {}
    for stage, (config, role, env_type) in STAGES.items():
        path = Path(f"{variables[config]}-template.json")
        given = settings.read(path, production=stage == "prod")
        models = released(package, given.parameters, variables, client) if package else {}
        made = parameters({**given.parameters, **models}, package, variables[role], variables[env_type], variables)
        accounts = targets.accounts(client, variables, stage, own) if package else []
        files[f"{variables[config]}.json"] = made if package else []
        files[f"{stage}-accounts.json"] = accounts
        if stage == "prod":
            first = targets.first_wave(accounts, given.first_wave, path.name) if package else []
            files["prod-first-accounts.json"] = first
    return files


def main() -> None:
    variables = dict(os.environ)
    sagemaker, group = boto3.client("sagemaker"), variables["SOURCE_MODEL_PACKAGE_GROUP_NAME"]
    wanted = variables.get("MODEL_PACKAGE_ARN", "latest")
    package = latest_approved(sagemaker, group) if wanted == "latest" else approved(sagemaker, wanted, group)
    own = boto3.client("sts").get_caller_identity()["Account"]
    for name, content in deployment(package, variables, boto3.client, own).items():
        write(name, content)
    Path("package.txt").write_text(package or "none")
    Path("deploy.txt").write_text("YES" if package else "NO")
    print(f"deploys {package}" if package else f"{group}: no model package is approved yet, so nothing is deployed")


if __name__ == "__main__":
    main()
