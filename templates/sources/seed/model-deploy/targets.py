"""The accounts of each stage at the time of the build, and whose roles they use; listed in SSM, else by a stack set."""

from collections.abc import Callable
from typing import Any

# Ends of the names of the SSM parameters, after `<environment>-<type>-`
LISTS = {"staging": "staging-account-list", "prod": "production-account-list"}
STACK_SETS = {
    "staging": ("STAGING_ROLES_STACK_SET", "ENV_TYPE_STAGING_NAME"),
    "prod": ("PROD_ROLES_STACK_SET", "ENV_TYPE_PROD_NAME"),
}


def accounts(client: Callable[[str], Any], variables: dict[str, str], stage: str, own: str) -> list[str]:
    """Accounts of `stage` (staging or prod) in ascending order; this account alone where all stays in it.

    `client` makes a client of a service by its name. Where an orchestrator keeps the stack sets, env-main publishes
    `none`; the accounts are then those that have the stage's roles in this Region.
    """
    if variables.get("MULTI_ACCOUNT_DEPLOYMENT") != "YES":
        return [own]
    name = f"{variables['ENV_NAME']}-{variables['ENV_TYPE']}-{LISTS[stage]}"
    listed = client("ssm").get_parameter(Name=name)["Parameter"]["Value"]
    published = {account.strip() for account in listed.split(",") if account.strip().isdigit()}
    stack_set, region = roles_stack_set(variables, stage), variables["AWS_REGION"]
    found = published or with_roles(client("cloudformation"), stack_set, region)
    if not found:
        raise SystemExit(
            f"{stage}: SSM parameter {name} names no account, and stack set {stack_set} has no current instance in "
            f"{region}; deploy env-main with accounts for this stage, or run `mlz deploy targets`"
        )
    return sorted(found)


def owner(variables: dict[str, str], stage: str) -> str:
    """Environment type of the roles and the network that a stage uses: its own in its accounts, else this one's."""
    return stage if variables.get("MULTI_ACCOUNT_DEPLOYMENT") == "YES" else variables["ENV_TYPE"]


def test_role(variables: dict[str, str], stage: str) -> str:
    """Name of the role that each account of a stage keeps for tests and comparisons."""
    return f"{variables['ENV_NAME']}-{owner(variables, stage)}-{variables['AWS_REGION']}-model-test"


def roles_stack_set(variables: dict[str, str], stage: str) -> str:
    """The stack set of the stage's roles; by default of the name that the environment gives it."""
    given, env_type = STACK_SETS[stage]
    return variables.get(given) or f"{variables['ENV_NAME']}-{variables['ENV_TYPE']}-roles-{variables[env_type]}"


def with_roles(cloudformation: Any, stack_set: str, region: str) -> set[str]:
    """Accounts whose instance is current; the others are named and left out, since their roles may be missing."""
    pages = cloudformation.get_paginator("list_stack_instances").paginate(
        StackSetName=stack_set, StackInstanceRegion=region
    )
    try:
        instances = {one["Account"]: one["Status"] for page in pages for one in page["Summaries"]}
    except cloudformation.exceptions.StackSetNotFoundException:
        return set()
    for account, status in sorted(instances.items()):
        if status != "CURRENT":
            print(f"{stack_set}: {account} is left out, its instance is {status}")
    return {account for account, status in instances.items() if status == "CURRENT"}


def first_wave(targets: list[str], wanted: int | tuple[str, ...], where: str) -> list[str]:
    """The accounts that change first: so many of the lowest numbers, or those that are named; `where` names them."""
    if isinstance(wanted, int):
        return targets[:wanted]
    if strange := sorted({*wanted} - {*targets}):
        raise SystemExit(f"{where}: FirstWave: {', '.join(strange)}: no target; there are: {', '.join(targets)}")
    return sorted(wanted)
