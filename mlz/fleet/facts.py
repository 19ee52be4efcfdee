"""What is read from the development account before stack sets are planned: what the environment stack published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.errors import ToolError
from mlz.fleet.targets import Facts

if TYPE_CHECKING:
    from mlz.config.settings import Settings
    from stacksets.client import Cloud

WANTED_ZONES = 2
NONE = "none"


def environment(cloud: Cloud, settings: Settings) -> Facts:
    """From the outputs of env-main; ToolError when the environment is not deployed, or not as this program does it."""
    from stacksets.stacks import find

    name = settings.env_stack_name
    stack = find(cloud, name)
    if stack is None:
        where = f"{name}: there is no such stack in {cloud.account}, {settings.region}"
        raise ToolError(where, "deploy the environment first: mlz deploy env")

    def output(key: str) -> str:
        if stack.outputs.get(key, NONE) == NONE:
            raise ToolError(
                f"{name}: the stack ({stack.status}) has no output {key}", "deploy it again: mlz deploy env"
            )
        return stack.outputs[key]

    return Facts(
        account=cloud.account,
        partition=cloud.partition,
        administration_role_arn=output("StackSetAdministrationRoleArn"),
        pipeline_role_arn=output("PipelineExecutionRoleArn"),
        data_bucket=output("DataBucketName"),
        model_bucket=output("ModelBucketName"),
        key_arn=output("ModelS3KMSKeyArn"),
        zones=zones(cloud, settings, settings.network.availability_zones),
        s3_prefix_list=s3_prefix_list(cloud),
    )


def s3_prefix_list(cloud: Cloud) -> str:
    """The id of the Region's list of S3's addresses, the same in every account; empty where the Region has none."""
    from stacksets.client import translated

    name = {"Name": "prefix-list-name", "Values": [f"com.amazonaws.{cloud.region}.s3"]}
    with translated("prefix list of S3"):
        found = cloud.client("ec2").describe_managed_prefix_lists(Filters=[name])["PrefixLists"]
    return str(found[0]["PrefixListId"]) if found else ""


def zones(cloud: Cloud, settings: Settings, count: int = WANTED_ZONES) -> tuple[str, ...]:
    """At least `count` zones: those of the settings, else the first of the Region that are available."""
    given, names = settings.env.availability_zones, _available(cloud)
    if unknown := [zone for zone in given if zone not in names]:
        raise ToolError(
            f"env.availability_zones: {unknown[0]} is not available to {cloud.account}",
            f"available: {', '.join(names)}",
        )
    if len(given) >= count:
        return given
    if len(names) < count:
        raise ToolError(
            f"region: {settings.region} offers {len(names)} zones, {count} are wanted",
            "lower network.availability_zones, or use another Region",
        )
    return names[:count]


def _available(cloud: Cloud) -> tuple[str, ...]:
    from stacksets.client import translated

    usual = [{"Name": "zone-type", "Values": ["availability-zone"]}, {"Name": "state", "Values": ["available"]}]
    with translated("availability zones"):
        answer = cloud.client("ec2").describe_availability_zones(Filters=usual)
    return tuple(sorted(str(entry["ZoneName"]) for entry in answer["AvailabilityZones"]))
