"""The accounts of each stage, as the environment publishes them at the time of the build."""

from typing import Any

# Ends of the names of the SSM parameters, after `<environment>-<type>-`
LISTS = {"staging": "staging-account-list", "prod": "production-account-list"}


def accounts(ssm: Any, variables: dict[str, str], stage: str, own: str) -> list[str]:
    """Accounts of `stage` (staging or prod) in ascending order; this account alone where all stays in it."""
    if variables.get("MULTI_ACCOUNT_DEPLOYMENT") != "YES":
        return [own]
    name = f"{variables['ENV_NAME']}-{variables['ENV_TYPE']}-{LISTS[stage]}"
    listed = ssm.get_parameter(Name=name)["Parameter"]["Value"]
    found = sorted({account.strip() for account in listed.split(",") if account.strip().isdigit()})
    if not found:
        raise SystemExit(f"SSM parameter {name}: names no account; deploy env-main with accounts for this stage")
    return found
