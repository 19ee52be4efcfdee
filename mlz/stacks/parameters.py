"""Parameters of the core and env stacks from settings, checked against the template before any call."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from generator.errors import ToolError
from mlz.config.document import nearest
from mlz.config.rules import OWNED

if TYPE_CHECKING:
    from generator.package.manifest import ParameterEntry, TemplateEntry
    from mlz.config.settings import Settings

ORCHESTRATOR = "ORCHESTRATOR"
CORE_OWNED = {"StackSetName": "core.stack_name"}


def core(settings: Settings, entry: TemplateEntry) -> dict[str, str]:
    """All parameters of core-main.yaml that are given."""
    own = {"StackSetName": settings.core.stack_name}
    return checked(entry, {**own, **joined(settings.core.parameters)}, "core.parameters", CORE_OWNED)


def env(
    settings: Settings, entry: TemplateEntry, zones: Sequence[str], bucket: str, prefix_list: str = ""
) -> dict[str, str]:
    """All parameters of env-main.yaml that are given; the stack sets belong to the orchestrator.

    `prefix_list`: of S3, for a network that is made here; one that exists may have ways out of its own.
    """
    staging, prod = settings.targets.stages
    given = joined(settings.env.parameters)
    own = {
        "EnvName": settings.environment.name,
        "EnvType": settings.environment.type,
        "EnvTypeStagingName": staging.name,
        "EnvTypeProdName": prod.name,
        "OrganizationalUnitStagingId": ",".join(staging.organizational_units),
        "OrganizationalUnitProdId": ",".join(prod.organizational_units),
        "StagingAccountList": ",".join(staging.accounts),
        "ProductionAccountList": ",".join(prod.accounts),
        "SeedCodeS3BucketName": bucket,
        "AvailabilityZones": ",".join(zones),
        "NumberOfAZs": str(len(zones)),
        "S3PrefixListId": prefix_list if given.get("CreateVPC", "YES") == "YES" else "",
        "StackSetsOwner": ORCHESTRATOR,
        "SetupStackSetExecutionRoleName": settings.setup_role,
    }
    known = {name: value for name, value in own.items() if value}
    return checked(entry, {**known, **given}, "env.parameters", OWNED)


def joined(given: Mapping[str, str | Sequence[str]]) -> dict[str, str]:
    """Lists as CloudFormation takes them: comma-separated."""
    return {name: value if isinstance(value, str) else ",".join(value) for name, value in given.items()}


def checked(
    entry: TemplateEntry,
    given: Mapping[str, str],
    where: str,
    owned: Mapping[str, str] | None = None,
    *,
    whole: bool = True,
) -> dict[str, str]:
    """`given` if the template accepts it; ToolError for the first unknown or unacceptable parameter.

    `owned` has the setting that a parameter comes from when it is none of `where`; `whole`: also for one that is
    missing.
    """
    for name, value in given.items():
        if name not in entry.parameters:
            hint = nearest(name, sorted(entry.parameters))
            raise ToolError(f"{where}.{name}: {entry.path} has no such parameter", hint)
        _check((owned or {}).get(name, f"{where}.{name}"), value, entry.parameters[name])
    for name, parameter in entry.parameters.items():
        if whole and parameter.is_required and name not in given:
            raise ToolError(f"{where}.{name}: {entry.path} needs it", f"add it to {where} in mlz.yaml")
    return dict(given)


def _check(where: str, value: str, parameter: ParameterEntry) -> None:
    if parameter.allowed and value not in parameter.allowed:
        raise ToolError(f"{where}: {value!r} is not one of its values", f"allowed: {', '.join(parameter.allowed)}")
    longest, shortest = parameter.max_length, parameter.min_length
    if longest is not None and len(value) > longest:
        raise ToolError(f"{where}: {value!r} has {len(value)} characters", f"at most {longest} are allowed")
    if shortest is not None and len(value) < shortest:
        raise ToolError(f"{where}: {value!r} has {len(value)} characters", f"at least {shortest} are needed")
    if parameter.pattern and not re.fullmatch(parameter.pattern, value):
        raise ToolError(f"{where}: {value!r} is not accepted", f"it must match {parameter.pattern}")
