"""What is read from the development account before stack sets are planned: what the environment stack published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.errors import ToolError
from mlz.targets import Facts

if TYPE_CHECKING:
    from mlz.settings import Settings
    from stacksets.client import Cloud

WANTED_ZONES = 2


def environment(cloud: Cloud, settings: Settings) -> Facts:
    """Three calls; ToolError when the environment is not deployed."""
    from templates.published import (
        DATA_BUCKET_NAME,
        MODEL_BUCKET_NAME,
        PIPELINE_EXECUTION_ROLE_ARN,
        S3_KEY_ARN,
        STACK_SET_ADMINISTRATION_ROLE_ARN,
    )

    wanted = (
        DATA_BUCKET_NAME,
        MODEL_BUCKET_NAME,
        PIPELINE_EXECUTION_ROLE_ARN,
        S3_KEY_ARN,
        STACK_SET_ADMINISTRATION_ROLE_ARN,
    )
    found = _published(cloud, settings, [item.key for item in wanted])
    return Facts(
        account=cloud.account,
        partition=cloud.partition,
        administration_role_arn=found[STACK_SET_ADMINISTRATION_ROLE_ARN.key],
        pipeline_role_arn=found[PIPELINE_EXECUTION_ROLE_ARN.key],
        data_bucket=found[DATA_BUCKET_NAME.key],
        model_bucket=found[MODEL_BUCKET_NAME.key],
        key_arn=found[S3_KEY_ARN.key],
        zones=zones(cloud, settings, settings.network.availability_zones),
    )


def _published(cloud: Cloud, settings: Settings, keys: list[str]) -> dict[str, str]:
    from stacksets.client import translated

    names = {f"{settings.identity}-{key}": key for key in keys}
    with translated(f"environment {settings.identity}"):
        answer = cloud.client("ssm").get_parameters(Names=list(names))
    found = {names[entry["Name"]]: str(entry["Value"]) for entry in answer["Parameters"]}
    if missing := [name for name, key in names.items() if key not in found]:
        where = (
            f"environment {settings.identity}: {cloud.account} in {settings.region} has no SSM parameter {missing[0]}"
        )
        raise ToolError(where, "deploy the environment first: mlz deploy env")
    return found


def zones(cloud: Cloud, settings: Settings, count: int = WANTED_ZONES) -> tuple[str, ...]:
    """At least `count` zones: those of the settings, else the first of the Region that are available."""
    if len(settings.env.availability_zones) >= count:
        return settings.env.availability_zones
    from stacksets.client import translated

    usual = [{"Name": "zone-type", "Values": ["availability-zone"]}, {"Name": "state", "Values": ["available"]}]
    with translated("availability zones"):
        answer = cloud.client("ec2").describe_availability_zones(Filters=usual)
    names = sorted(str(entry["ZoneName"]) for entry in answer["AvailabilityZones"])
    if len(names) < count:
        raise ToolError(
            f"region: {settings.region} offers {len(names)} zones, {count} are wanted",
            "lower network.availability_zones, or use another Region",
        )
    return tuple(names[:count])
