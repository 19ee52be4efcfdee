"""May StackSets act in a target account? Both roles are evaluated as they stand now."""

from __future__ import annotations

from sandbox.identity import Caller, may_assume, service_may_assume
from sandbox.roles import Role, find_role, role_named

SERVICE = "cloudformation.amazonaws.com"


def administration_problem(arn: str, account: str, region: str, set_arn: str) -> str | None:
    """Why CloudFormation cannot assume the administration role in the set's account; None when it can."""
    role = find_role(arn)
    services = (SERVICE, f"cloudformation.{region}.amazonaws.com")
    if role is None or not any(service_may_assume(service, role, account, set_arn) for service in services):
        return f"Account {account} should have '{_name(arn)}' role with trust relationship to CloudFormation service."
    return None


def execution_problem(administration_arn: str, account: str, execution_role: str) -> str | None:
    """Why the administration role cannot assume the execution role of a target account; None when it can."""
    administration = find_role(administration_arn)
    target = role_named(account, execution_role)
    if administration is None or target is None or not may_assume(_session(administration), target):
        return (
            f"Account {account} should have '{execution_role}' role "
            f"with trust relationship to Role '{_name(administration_arn)}'."
        )
    return None


def _session(role: Role) -> Caller:
    name = "StackSets"
    return Caller(role.account, f"arn:aws:sts::{role.account}:assumed-role/{role.name}/{name}", role, name)


def _name(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]
