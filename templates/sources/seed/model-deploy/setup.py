"""Makes the model package group of the project, and lets the target accounts read its packages, nothing more."""

import json
import os
from collections.abc import Callable
from typing import Any

import boto3
import targets

# SageMaker Developer Guide, "Deploy a Model Version from a Different Account": CreateModel is asked of the package too
READ = (
    "sagemaker:CreateModel",
    "sagemaker:DescribeModelPackage",
    "sagemaker:DescribeModelPackageGroup",
    "sagemaker:ListModelPackages",
)


def readers_of(client: Callable[[str], Any], variables: dict[str, str]) -> list[str]:
    """Target accounts of both stages in ascending order; none where everything stays in this account."""
    if variables.get("MULTI_ACCOUNT_DEPLOYMENT") != "YES":
        return []
    return sorted({account for stage in targets.LISTS for account in targets.accounts(client, variables, stage, "")})


def policy(group_arn: str, readers: list[str]) -> dict[str, Any]:
    """Resource policy of the group: the accounts may describe, list and deploy, never change."""
    packages = group_arn.replace(":model-package-group/", ":model-package/") + "/*"
    partition = group_arn.split(":")[1]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "TargetAccountsRead",
                "Effect": "Allow",
                "Principal": {"AWS": [f"arn:{partition}:iam::{account}:root" for account in readers]},
                "Action": list(READ),
                "Resource": [group_arn, packages],
            }
        ],
    }


def ensure_group(sagemaker: Any, name: str, tags: list[dict[str, str]]) -> str:
    """The ARN of the group, which is made where it does not exist."""
    pages = sagemaker.get_paginator("list_model_package_groups").paginate(NameContains=name)
    for page in pages:
        for group in page["ModelPackageGroupSummaryList"]:
            if group["ModelPackageGroupName"] == name:
                return str(group["ModelPackageGroupArn"])
    made = sagemaker.create_model_package_group(
        ModelPackageGroupName=name, ModelPackageGroupDescription="Packages of the project's model", Tags=tags
    )
    return str(made["ModelPackageGroupArn"])


def main() -> None:
    variables = dict(os.environ)
    name = variables["SOURCE_MODEL_PACKAGE_GROUP_NAME"]
    sagemaker = boto3.client("sagemaker")
    owner = {
        "sagemaker:project-name": variables["SAGEMAKER_PROJECT_NAME"],
        "sagemaker:project-id": variables["SAGEMAKER_PROJECT_ID"],
        "EnvironmentName": variables["ENV_NAME"],
        "EnvironmentType": variables["ENV_TYPE"],
    }
    tags = [{"Key": key, "Value": value} for key, value in owner.items()]
    arn = ensure_group(sagemaker, name, tags)
    readers = readers_of(boto3.client, variables)
    if readers:
        sagemaker.put_model_package_group_policy(
            ModelPackageGroupName=name, ResourcePolicy=json.dumps(policy(arn, readers))
        )
    print(f"{arn}: read by {len(readers)} accounts")


if __name__ == "__main__":
    main()
