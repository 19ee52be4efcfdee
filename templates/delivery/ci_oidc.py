"""ci-oidc.yaml: roles that jobs of GitHub or GitLab take on by OpenID Connect, without any key that is stored."""

from __future__ import annotations

from typing import Any

from awacs.aws import PolicyDocument, Principal
from troposphere import And, Equals, GetAtt, Ref
from troposphere.iam import ManagedPolicy, OIDCProvider, Policy, Role

from generator.cfn import rules
from generator.cfn.contract import Cond, Out, Param, Rule
from generator.cfn.iam import allow, policy
from generator.cfn.stack import Stack
from templates.access.actions import of
from templates.access.boundary import CEILING
from templates.access.exceptions import SEEING_ROLE
from templates.delivery import rights
from templates.delivery.builds import deployment_policy
from templates.parameters import ENV_NAME, ENV_TYPE, ENVIRONMENT_GROUP, environment_tags

_CI = "Continuous integration"
GITHUB, GITLAB = "token.actions.githubusercontent.com", "gitlab.com"
# Who asks for tokens names the audience: GitHub's action asks for this one, GitLab's jobs for their own address.
AUDIENCE = "sts.amazonaws.com"
ONE_HOUR = 3600
FOUR_HOURS = 4 * ONE_HOUR


def _subject(name: str, job: str, example: str) -> Param:
    return Param(name, f"Subject of the token of {job}, such as {example}", pattern=r"[^*?]+", group=_CI)


class CiOidc(Stack):
    """Three roles: one that plans and only reads, one that deploys the environment and staging, one for production.

    Each admits exactly one subject, without wildcards; the CI's own environments, with people who approve, stand before
    the second and the third.
    """

    FILE = "ci-oidc.yaml"
    DESCRIPTION = "Roles by which GitHub Actions or GitLab CI plan and deploy the platform, without stored keys"

    ENV_NAME = ENV_NAME
    ENV_TYPE = ENV_TYPE
    STAGING = Param("EnvTypeStagingName", "Name of the staging stage", default="staging", group=ENVIRONMENT_GROUP)
    PROD = Param("EnvTypeProdName", "Name of the production stage", default="prod", group=ENVIRONMENT_GROUP)
    CORE_NAME = rights.CORE_NAME
    PROVIDER = Param("Provider", "Whose tokens are accepted", default="GitHub", allowed=("GitHub", "GitLab"), group=_CI)
    PROVIDER_ARN = Param(
        "OidcProviderArn",
        "The account's OpenID Connect provider of this address, of which there can be only one; empty: it is made here",
        default="",
        pattern=r"(arn:[a-z-]+:iam::\d{12}:oidc-provider/.+)?",
        group=_CI,
    )
    PLAN_SUBJECT = _subject("PlanSubject", "jobs that plan", "repo:owner/name:pull_request")
    STAGING_SUBJECT = _subject(
        "StagingSubject", "jobs that deploy the environment and staging", "repo:owner/name:environment:staging"
    )
    PROD_SUBJECT = _subject("ProdSubject", "jobs that deploy production", "repo:owner/name:environment:prod")

    IS_GITHUB = Cond("IsGitHub", Equals(PROVIDER, "GitHub"))
    MAKES_GITHUB = Cond("MakesGitHub", And(Equals(PROVIDER, "GitHub"), Equals(PROVIDER_ARN, "")))
    MAKES_GITLAB = Cond("MakesGitLab", And(Equals(PROVIDER, "GitLab"), Equals(PROVIDER_ARN, "")))
    MAKES_PROVIDER = Cond("MakesProvider", Equals(PROVIDER_ARN, ""))

    SUBJECTS_RULE = Rule(
        "Subjects",
        (
            (rules.negate({"Fn::Equals": [PLAN_SUBJECT, PROD_SUBJECT]}), "what plans must not deploy production"),
            (rules.negate({"Fn::Equals": [PLAN_SUBJECT, STAGING_SUBJECT]}), "what plans must not deploy staging"),
        ),
    )

    PLAN_ROLE = Out("PlanRoleArn", "Role of the jobs that plan")
    STAGING_ROLE = Out("StagingRoleArn", "Role of the jobs that deploy the environment and staging")
    PROD_ROLE = Out("ProdRoleArn", "Role of the jobs that deploy production")

    def build(self) -> None:
        self.add(provider("GitHubProvider", GITHUB, AUDIENCE), self.MAKES_GITHUB)
        self.add(provider("GitLabProvider", GITLAB, f"https://{GITLAB}"), self.MAKES_GITLAB)
        boundary = Ref(self.add(ceiling()))
        release = self.release.bucket, self.release.prefix
        looks = [*rights.may_look(), rights.may_read_release(*release)]
        staging = [*rights.may_look(), rights.may_publish(*release), *rights.may_converge(self.STAGING)]
        given: dict[Out, tuple[str, Param, int, list[Any]]] = {
            self.PLAN_ROLE: ("PlanRole", self.PLAN_SUBJECT, ONE_HOUR, looks),
            self.STAGING_ROLE: ("StagingRole", self.STAGING_SUBJECT, FOUR_HOURS, staging),
            self.PROD_ROLE: (
                "ProdRole",
                self.PROD_SUBJECT,
                FOUR_HOURS,
                [*looks, *rights.may_converge(self.PROD)],
            ),
        }
        for output, (title, subject, seconds, statements) in given.items():
            role = self.add(ci_role(title, self._trust(subject), boundary, seconds, statements))
            self.put(output, GetAtt(role, "Arn"))
            if output is self.STAGING_ROLE:
                for name, parts in rights.deployment_policies(*release).items():
                    self.add(deployment_policy(name, role, parts))

    def _trust(self, subject: Param) -> Any:
        """Condition keys begin with the provider's address and cannot be put together, hence one policy for each."""
        return self.IS_GITHUB.then(
            admits(self._provider("GitHubProvider"), GITHUB, AUDIENCE, subject),
            admits(self._provider("GitLabProvider"), GITLAB, f"https://{GITLAB}", subject),
        )

    def _provider(self, title: str) -> Any:
        return self.MAKES_PROVIDER.then(GetAtt(title, "Arn"), self.PROVIDER_ARN)


def provider(title: str, address: str, audience: str) -> OIDCProvider:
    """IAM trusts the certificates of both providers by itself: no thumbprint is needed."""
    return OIDCProvider(title, Url=f"https://{address}", ClientIdList=[audience], Tags=environment_tags())


def admits(provider_arn: Any, address: str, audience: str, subject: Param) -> PolicyDocument:
    """Tokens for this audience and of exactly this subject."""
    return policy(
        allow(
            "JobsOfThisSubject",
            of("sts", "AssumeRoleWithWebIdentity"),
            None,
            principal=Principal("Federated", provider_arn),
            when={"StringEquals": {f"{address}:aud": audience, f"{address}:sub": subject}},
        )
    )


def ci_role(title: str, trust: Any, boundary: Any, seconds: int, statements: list[Any]) -> Role:
    return Role(
        title,
        AssumeRolePolicyDocument=trust,
        PermissionsBoundary=boundary,
        MaxSessionDuration=seconds,
        Policies=[Policy(PolicyName="Deliver", PolicyDocument=policy(*statements))],
        Tags=environment_tags(),
        Metadata=SEEING_ROLE,
    )


def ceiling() -> ManagedPolicy:
    return ManagedPolicy(
        "DeliveryBoundary",
        Description="Permissions boundary of the roles of CI jobs",
        PolicyDocument=policy(*rights.delivery_ceiling()),
        Metadata=CEILING,
    )
