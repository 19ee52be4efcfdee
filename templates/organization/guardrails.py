"""organization-guardrails.yaml: the guardrails as service and resource control policies, for any unit or account."""

from __future__ import annotations

from typing import Any

from awacs.aws import Action, Principal, Statement
from troposphere import Equals, GetAtt, Join, Not, Sub
from troposphere.organizations import Policy

from generator.cfn import iam
from generator.cfn.arns import arn, role_arn
from generator.cfn.contract import Cond, Out, Param
from generator.cfn.stack import Stack
from generator.cfn.tags import tags
from templates.access import guardrails
from templates.access.actions import of
from templates.access.job_rules import JobRules, required_keys, requires_keys
from templates.parameters import env_name
from templates.published import PERMISSIONS_BOUNDARY, PROJECT_BOUNDARY, TARGET_PERMISSIONS_BOUNDARY

_WHERE = "Where the guardrails stand"
_EVERYONE = Principal("*")


class OrganizationGuardrails(JobRules, Stack):
    """Two policies that fit the older quota of 5,120 characters each as well; neither binds the management account.

    Before: the organization has both policy types enabled, and RCPs need all features.
    """

    FILE = "organization-guardrails.yaml"
    DESCRIPTION = "Guardrails of data science environments as SCP and RCP; for the organization's management account"

    ENV_NAME = env_name()
    TARGET_IDS = Param(
        "TargetIds",
        "Units or accounts that the policies are attached to",
        type="CommaDelimitedList",
        group=_WHERE,
    )
    ORGANIZATION_ID = Param(
        "OrganizationId", "The organization whose principals are let in", pattern="o-[a-z0-9]{10,32}", group=_WHERE
    )
    DEPLOYERS = Param(
        "DeployerRoleArns",
        "Patterns of the ARNs of the roles that deploy; no other touches stack sets, boundaries and roles' tags of the "
        "environment. Empty: no such guardrail",
        type="CommaDelimitedList",
        default="",
        group=_WHERE,
    )
    REQUIRE_KEYS = required_keys("YES")

    NAMES_DEPLOYERS = Cond("NamesDeployers", Not(Equals(Join("", DEPLOYERS), "")))
    REQUIRES_KEYS = requires_keys(REQUIRE_KEYS)

    SCP_ID = Out("ServiceControlPolicyId", "Id of the policy over principals")
    RCP_ID = Out("ResourceControlPolicyId", "Id of the policy over resources")

    def build(self) -> None:
        scp = self._policy("ServiceGuardrails", "SERVICE_CONTROL_POLICY", "guardrails", self._scp_statements())
        rcp = self._policy("ResourceGuardrails", "RESOURCE_CONTROL_POLICY", "perimeter", self._rcp_statements())
        self.put(self.SCP_ID, GetAtt(scp, "Id"))
        self.put(self.RCP_ID, GetAtt(rcp, "Id"))

    def _policy(self, title: str, kind: str, name: str, statements: list[Any]) -> Policy:
        made = Policy(
            title,
            Name=Sub(f"${{EnvName}}-{name}"),
            Description=Sub("Data science environments of ${EnvName}"),
            Type=kind,
            Content=iam.policy_with_choices(*statements),
            TargetIds=self.TARGET_IDS,
            Tags=tags(EnvironmentName=self.ENV_NAME),
            DeletionPolicy="Delete",
        )
        self.add(made)
        return made

    def _scp_statements(self) -> list[Any]:
        return [
            *guardrails.stays_in_vpc(),
            *guardrails.notebooks_stay_closed(),
            *self.asked_of_jobs(),
            *(self.NAMES_DEPLOYERS.then(one) for one in deployers_only(self.DEPLOYERS)),
        ]

    def _rcp_statements(self) -> list[Any]:
        stranger: dict[str, dict[str, Any]] = {
            "StringNotEqualsIfExists": {"aws:PrincipalOrgID": self.ORGANIZATION_ID},
            "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
        }
        foreign_use: dict[str, dict[str, Any]] = {
            "StringNotEqualsIfExists": {"aws:SourceOrgID": self.ORGANIZATION_ID},
            "Null": {"aws:SourceAccount": "false"},
            "Bool": {"aws:PrincipalIsAWSService": "true"},
        }
        data = [Action("s3", "*"), Action("kms", "*")]
        roles = of("sts", "AssumeRole", "SetSourceIdentity", "TagSession")
        plain = {"BoolIfExists": {"aws:SecureTransport": "false", "aws:PrincipalIsAWSService": "false"}}
        return [
            iam.deny("OnlyThisOrganization", [*data, *roles], principal=_EVERYONE, when=stranger),
            iam.deny("ServicesOnlyForThisOrganization", [*data, *roles], principal=_EVERYONE, when=foreign_use),
            iam.deny("OnlyOverTLS", data, principal=_EVERYONE, when=plain),
        ]


def deployers_only(deployers: Any) -> list[Statement]:
    """What carries the platform is changed by those who deploy it: stack sets, boundaries, the tags that open keys."""
    others = {"ArnNotLike": {"aws:PrincipalArn": deployers}}
    sets = of("cloudformation", "DeleteStackInstances", "DeleteStackSet", "UpdateStackInstances", "UpdateStackSet")
    boundary = of("iam", "CreatePolicyVersion", "DeletePolicy", "DeletePolicyVersion", "SetDefaultPolicyVersion")
    bounded = of("iam", "DeleteRolePermissionsBoundary", "TagRole", "UntagRole")
    ceilings = [
        arn("iam", f"policy/{name.replace('${EnvType}', '*').replace('${AWS::Region}', '*')}", region="", account="*")
        for name in (PERMISSIONS_BOUNDARY, PROJECT_BOUNDARY, TARGET_PERMISSIONS_BOUNDARY)
    ]
    return [
        iam.deny(
            "KeepStackSets",
            sets,
            arn("cloudformation", "stackset/${EnvName}-*", region="*", account="*"),
            when=others,
        ),
        iam.deny("KeepBoundaries", boundary, ceilings, when=others),
        iam.deny("KeepRoles", bounded, role_arn("${EnvName}-*", account="*"), when=others),
    ]
