"""Who may become which role: people with a second factor, services for this account, one named role of another."""

from __future__ import annotations

from typing import Any

from awacs.aws import PolicyDocument, Principal
from troposphere import FindInMap, If, Ref, Sub

from generator.cfn.arns import ACCOUNT, arn, root_arn, service
from generator.cfn.contract import Cond
from generator.cfn.iam import Conditions, allow, policy
from generator.cfn.stack import Stack
from templates.access.actions import of
from templates.facts import facts

ASSUME = of("sts", "AssumeRole")
NAME_SOURCE = of("sts", "SetSourceIdentity")


def trust_people(requires_source_identity: Cond) -> If:
    """People of this account with MFA; a source identity, where they set one, must be their own name.

    The console's switch-role page sets none, hence the condition that decides whether a session needs one.
    """
    return If(
        requires_source_identity.name,
        _people({"Null": {"sts:SourceIdentity": "false"}}),
        _people({}),
    )


def _people(more: Conditions) -> PolicyDocument:
    account = Principal("AWS", root_arn())
    # The second value lets a session that has a source identity keep it when it changes roles.
    own_name = ["${aws:username}", "${aws:SourceIdentity}"]
    return policy(
        _entry("PeopleWithSecondFactor", ASSUME, account, {"Bool": {"aws:MultiFactorAuthPresent": "true"}, **more}),
        _entry("NameTheirSource", NAME_SOURCE, account, {"StringEquals": {"sts:SourceIdentity": own_name}}),
    )


def trust_sagemaker() -> PolicyDocument:
    """SageMaker for this account; it may name the user profile as the source of a session (CloudTrail shows it)."""
    return policy(
        _entry(
            "SageMakerOfThisAccount",
            (*ASSUME, *NAME_SOURCE),
            Principal("Service", service("sagemaker")),
            {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
        )
    )


def trust_stack_sets(region: str) -> PolicyDocument:
    """CloudFormation, and only for stack sets of this account (CloudFormation User Guide, self-managed permissions).

    In a Region that accounts have to opt in to, CloudFormation comes under a name of its own.
    """
    is_opt_in = region in facts()["regions"]["opt_in"]
    names = [service("cloudformation"), *([service(f"cloudformation.{region}")] if is_opt_in else [])]
    return policy(
        _entry(
            "StackSetsOfThisAccount",
            ASSUME,
            Principal("Service", names if is_opt_in else names[0]),
            {
                "StringEquals": {"aws:SourceAccount": ACCOUNT},
                "ArnLike": {"aws:SourceArn": arn("cloudformation", "stackset/*", region="*")},
            },
        )
    )


def trust_role(sid: str, account: str, role: Any, *, when: Conditions | None = None) -> PolicyDocument:
    """Exactly one role of an account. The account is the principal, so the role need not exist yet nor be unchanged."""
    exactly: dict[str, dict[str, Any]] = {"ArnEquals": {"aws:PrincipalArn": role}}
    return policy(_entry(sid, ASSUME, Principal("AWS", root_arn(account)), {**exactly, **(when or {})}))


def _entry(sid: str, actions: Any, principal: Principal, when: Conditions) -> Any:
    return allow(sid, actions, None, when=when, principal=principal)


def add_sign_in_mapping(stack: Stack) -> None:
    """The mapping that `switch_role_link` looks the partition's sign-in address up in."""
    stack.template.add_mapping("Partition", facts()["console"]["partition"])


def switch_role_link(role: str) -> Sub:
    """Console address that switches to a role of this template by its logical id."""
    return Sub(
        f"https://${{SignIn}}/switchrole?account=${{AWS::AccountId}}&roleName=${{{role}}}&displayName=${{{role}}}",
        SignIn=FindInMap("Partition", Ref("AWS::Partition"), "signin"),
    )
