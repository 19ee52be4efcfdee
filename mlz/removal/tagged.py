"""What in an account carries an environment's tags, as the Resource Groups Tagging API lists it in one Region."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stacksets.client import Refused, translated

if TYPE_CHECKING:
    from stacksets.client import Cloud

NAME_TAG, TYPE_TAG = "EnvironmentName", "EnvironmentType"
# SageMaker's own tag, which the seed code's endpoints carry, and that of the project templates.
PROJECT_TAGS = ("sagemaker:project-id", "SageMakerProjectId")
BUCKET, KEY, FILE_SYSTEM, STACK = "bucket", "key", "file system", "stack"
# Records that SageMaker keeps for ever, and no call deletes.
HISTORY = re.compile(r"sagemaker ([a-z-]+-job(-.*)?|pipeline-execution|experiment.*|action|artifact|context)")
_KINDS = {
    "s3": BUCKET,
    "kms key": KEY,
    "elasticfilesystem file-system": FILE_SYSTEM,
    "cloudformation stack": STACK,
    "ssm parameter": "SSM parameter",
    "ec2 vpc": "VPC",
}


@dataclass(frozen=True, order=True)
class Tagged:
    """One resource; `tags` are all that it has."""

    arn: str
    tags: Mapping[str, str] = field(compare=False)

    @property
    def _service(self) -> str:
        return self.arn.split(":")[2]

    @property
    def _parts(self) -> list[str]:
        """Type and name, or the name alone: `vpc/vpc-1`, `log-group:/a/b`, `bucket`."""
        return re.split("[:/]", self.arn.split(":", 5)[5], maxsplit=1)

    @property
    def kind(self) -> str:
        """`bucket`, `key`, `ec2 subnet`, `lambda function` …"""
        found = self._service if len(self._parts) == 1 else f"{self._service} {self._parts[0]}"
        return _KINDS.get(found, found)

    @property
    def name(self) -> str:
        """The rest of the ARN; of a stack its name without its id."""
        return self._parts[-1].split("/")[0] if self.kind == STACK else self._parts[-1]

    @property
    def is_of_a_project(self) -> bool:
        return any(tag in self.tags for tag in PROJECT_TAGS)


def of(cloud: Cloud, environment: str, types: Iterable[str]) -> list[Tagged]:
    """Resources of an environment and these of its types, without history and what is only listed still."""
    wanted = [{"Key": NAME_TAG, "Values": [environment]}, {"Key": TYPE_TAG, "Values": sorted(types)}]
    with translated("tagged resources"):
        found = cloud.client("resourcegroupstaggingapi").get_paginator("get_resources").paginate(TagFilters=wanted)
        rows = [row for page in found for row in page["ResourceTagMappingList"]]
        listed = [Tagged(row["ResourceARN"], {tag["Key"]: tag["Value"] for tag in row["Tags"]}) for row in rows]
        return sorted(one for one in listed if not (HISTORY.fullmatch(one.kind) or _is_over(cloud, one)))


def _is_over(cloud: Cloud, one: Tagged) -> bool:
    """Keys wait for their deletion for days; EC2 shows deleted gateways and endpoints for an hour; listings lag."""
    match one.kind:
        case "key":
            state = cloud.client("kms").describe_key(KeyId=one.arn)["KeyMetadata"]["KeyState"]
            return bool(state in ("PendingDeletion", "PendingReplicaDeletion"))
        case "bucket":
            return not has_bucket(cloud, one.name)
        case "ec2 natgateway":
            call, key = cloud.client("ec2").describe_nat_gateways, "NatGateways"
            found = call(Filter=[{"Name": "nat-gateway-id", "Values": [one.name]}])[key]
        case "ec2 vpc-endpoint":
            call, key = cloud.client("ec2").describe_vpc_endpoints, "VpcEndpoints"
            found = call(Filters=[{"Name": "vpc-endpoint-id", "Values": [one.name]}])[key]
        case _:
            return False
    return all(row["State"].lower() == "deleted" for row in found)


def has_bucket(cloud: Cloud, name: str) -> bool:
    """Whether there is such a bucket that we may see."""
    try:
        with translated(f"s3://{name}"):
            cloud.client("s3").head_bucket(Bucket=name)
    except Refused as problem:
        if problem.code not in ("404", "NoSuchBucket"):
            raise
        return False
    return True
