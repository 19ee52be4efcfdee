"""What delivering takes, part by part: publish a release, look, deploy the two stacks, converge one stage."""

from __future__ import annotations

from typing import Any

from awacs.aws import Statement

from generator.cfn.arns import arn, bucket_arn, objects_arn, role_arn
from generator.cfn.contract import Param
from generator.cfn.iam import allow, deny, may_pass
from templates import published
from templates.access.actions import of
from templates.access.boundary import (
    BOUND_ROLES,
    ENVIRONMENT_SERVICES,
    KEEP_ROLES,
    READ_ROLES,
    may_see_organization,
    may_use_services,
    policy_arn,
)
from templates.access.stacks import KEEP_STACK
from templates.core import main_functions as core
from templates.core.iam_launch import (
    launch_policies,
    may_keep_groups,
    may_keep_parameters,
)
from templates.parameters import ENVIRONMENT_GROUP

STACK_SET = "${EnvName}-${EnvType}-*"
CORE_NAME = Param(
    "CoreStackName",
    "Name of the core stack, as core.stack_name in mlz.yaml",
    default="sm-mlops-core",
    pattern="[A-Za-z0-9][A-Za-z0-9-]*",
    max_length=28,
    group=ENVIRONMENT_GROUP,
)
# Beyond environments, the core stack makes rules of AWS Config, topics and groups.
DEPLOYED_SERVICES = (*ENVIRONMENT_SERVICES, "config", "resource-groups")


def may_publish(bucket: str, prefix: str) -> list[Statement]:
    """What `mlz package` does in a bucket that exists: nothing is ever deleted."""
    look = of("s3", "GetBucketLocation", "GetBucketPolicy", "GetBucketVersioning", "ListBucket")
    objects = of("s3", "GetObject", "GetObjectTagging", "GetObjectVersion", "PutObject", "PutObjectTagging")
    return [
        allow("SeeReleases", look, bucket_arn(bucket)),
        allow("PublishReleases", objects, objects_arn(bucket, f"{prefix}/*")),
    ]


def may_read_release(bucket: str, prefix: str) -> Statement:
    """CloudFormation reads templates, and Lambda code, with the rights of whoever deploys them."""
    return allow("ReadRelease", of("s3", "GetObject", "GetObjectVersion"), objects_arn(bucket, f"{prefix}/*"))


def may_look() -> list[Statement]:
    """Read stacks, stack sets, zones, shares and the organization; most of these have no resource type."""
    sets = of("cloudformation", "DescribeStackInstance", "DescribeStackSet", "DescribeStackSetOperation")
    sets += of("cloudformation", "ListStackInstances", "ListStackSetOperationResults", "ListStackSetOperations")
    stacks = of("cloudformation", "DescribeStackEvents", "DescribeStackResources", "DescribeStacks", "GetTemplate")
    return [
        allow("SeeStackSets", sets, arn("cloudformation", f"stackset/{STACK_SET}")),
        allow("SeeStacks", stacks, stack_arns("stack")),
        allow("ListStacks", of("cloudformation", "GetTemplateSummary", "ListStackSets", "ListStacks")),
        allow("SeeZones", of("ec2", "DescribeAvailabilityZones", "DescribeManagedPrefixLists")),
        allow("SeeOwnShares", of("ssm", "GetParameter"), arn("ssm", f"parameter/mlz/${{{CORE_NAME.name}}}/*")),
        allow("SeeShares", of("servicecatalog", "DescribePortfolioShares"), arn("catalog", "portfolio/*")),
        may_see_organization(),
    ]


def may_share() -> list[Statement]:
    """Share the portfolio of environments, and follow that to its end, which has no resource type."""
    share = of("servicecatalog", "CreatePortfolioShare", "DeletePortfolioShare", "UpdatePortfolioShare")
    return [
        allow("ShareEnvironments", share, arn("catalog", "portfolio/*")),
        allow("FollowShares", of("servicecatalog", "DescribePortfolioShareStatus")),
    ]


def may_compare() -> Statement:
    """Make change sets and throw them away, which is how `--dry-run` knows what a stack would change; run none."""
    compare = of("cloudformation", "CreateChangeSet", "DeleteChangeSet", "DescribeChangeSet", "ListChangeSets")
    return allow(
        "CompareStacks", (*compare, *of("cloudformation", "TagResource")), stack_arns("stack") + stack_arns("changeSet")
    )


def stack_arns(kind: str) -> list[Any]:
    """The core and the environment stack, with the stacks nested in them, whose names begin so."""
    names = (f"${{{CORE_NAME.name}}}*", "${EnvName}-${EnvType}*")
    return [arn("cloudformation", f"{kind}/{name}") for name in names]


def may_converge(stage: Param) -> list[Statement]:
    """Keep the stack sets of one stage, which run with the environment's administration role."""
    own = f"${{EnvName}}-${{EnvType}}-*-${{{stage.name}}}"
    keep = of("cloudformation", "CreateStackInstances", "DeleteStackInstances", "DeleteStackSet")
    keep += of("cloudformation", "StopStackSetOperation", "TagResource", "UntagResource")
    keep += of("cloudformation", "UpdateStackInstances", "UpdateStackSet")
    administration = published.STACK_SET_ADMINISTRATION_ROLE
    return [
        allow(
            f"Converge{stage.name.removeprefix('EnvType')}",
            keep,
            [
                arn("cloudformation", f"stackset/{own}:*"),
                arn("cloudformation", f"stackset-target/{own}:*"),
                arn("cloudformation", "type/resource/*", account=""),
            ],
        ),
        # A stack set that is not there yet has no ARN.
        allow(f"Create{stage.name.removeprefix('EnvType')}", of("cloudformation", "CreateStackSet")),
        may_pass(f"Pass{stage.name.removeprefix('EnvType')}", role_arn(administration), "cloudformation"),
    ]


def deployment_policies(bucket: str, prefix: str) -> dict[str, list[Any]]:
    """Policies by name, for whoever deploys the core and the environment: what launching one takes, and the core."""
    launch = launch_policies(bucket, prefix)
    del launch["Stacks"]
    return {
        "Stacks": [
            allow("RunStacks", KEEP_STACK, stack_arns("stack") + stack_arns("changeSet")),
            # Service Catalog has the template of a product checked, which is no stack yet.
            allow("CheckTemplates", of("cloudformation", "ValidateTemplate")),
            may_read_release(bucket, prefix),
            may_keep_parameters(),
            may_keep_groups(),
        ],
        **launch,
        "Core": [
            may_keep_core_roles(),
            may_keep_rules(),
            may_keep_topics(),
            may_share(),
            may_read_seed(bucket, prefix),
        ],
    }


def may_read_seed(bucket: str, prefix: str) -> Statement:
    """Service Catalog reads the template of a product with the rights of whoever makes the product."""
    return allow("ReadProducts", of("s3", "GetObjectTagging"), objects_arn(bucket, f"{prefix}/*"))


def may_keep_core_roles() -> list[Statement]:
    """The core stack's roles: below a boundary of that stack alone, passed to the service that each is for."""
    named = (core.ADMINISTRATOR_NAME, core.LAUNCH_NAME, core.CONTROL_NAME)
    roles = [role_arn(name.replace("StackSetName", CORE_NAME.name)) for name in named]
    roles.append(role_arn(f"${{{CORE_NAME.name}}}-*"))
    products = [role_arn(f"service-role/{name}") for name in (core.LAUNCH, core.USE)]
    policies = of("iam", "CreatePolicy", "CreatePolicyVersion", "DeletePolicy", "DeletePolicyVersion", "GetPolicy")
    policies += of("iam", "GetPolicyVersion", "ListEntitiesForPolicy", "ListPolicyVersions", "TagPolicy", "UntagPolicy")
    own = policy_arn(f"${{{CORE_NAME.name}}}-*")
    return [
        allow("BoundCoreRoles", BOUND_ROLES, roles, when={"ArnLike": {"iam:PermissionsBoundary": own}}),
        # SageMaker's two product roles, by their exact names, are shared with other projects and have no boundary.
        allow("KeepProductRoles", BOUND_ROLES, products),
        allow("KeepCoreRoles", (*KEEP_ROLES, *READ_ROLES), [*roles, *products]),
        allow("KeepCorePolicies", policies, own),
        may_pass("PassCoreRoles", roles, ("lambda", "servicecatalog")),
    ]


def may_keep_rules() -> list[Statement]:
    """Rules of AWS Config and the schedule of the security controls."""
    config = of("config", "DeleteConfigRule", "ListTagsForResource", "PutConfigRule", "TagResource", "UntagResource")
    events = of("events", "DeleteRule", "DescribeRule", "ListTagsForResource", "ListTargetsByRule", "PutRule")
    events += of("events", "PutTargets", "RemoveTargets", "TagResource", "UntagResource")
    return [
        allow("KeepConfigRules", config, arn("config", "config-rule/*")),
        # Describe actions of AWS Config have no resource type.
        allow("SeeConfigRules", of("config", "DescribeComplianceByConfigRule", "DescribeConfigRules")),
        allow("KeepSchedules", events, arn("events", f"rule/${{{CORE_NAME.name}}}*")),
        allow(
            "KeepInvocations",
            of(
                "lambda",
                "DeleteFunctionEventInvokeConfig",
                "GetFunctionEventInvokeConfig",
                "GetPolicy",
                "PutFunctionEventInvokeConfig",
                "UpdateFunctionEventInvokeConfig",
            ),
            arn("lambda", f"function:${{{CORE_NAME.name}}}*"),
        ),
    ]


def may_keep_topics() -> list[Statement]:
    """The topic of the security controls' findings."""
    keep = of("sns", "CreateTopic", "DeleteTopic", "GetTopicAttributes", "ListSubscriptionsByTopic")
    keep += of("sns", "GetDataProtectionPolicy", "ListTagsForResource", "SetTopicAttributes", "Subscribe")
    keep += of("sns", "TagResource", "UntagResource")
    subscribed = of("sns", "GetSubscriptionAttributes", "SetSubscriptionAttributes", "Unsubscribe")
    return [
        allow("KeepTopics", keep, arn("sns", f"${{{CORE_NAME.name}}}*")),
        # A subscription has no resource type of its own.
        allow("KeepSubscriptions", subscribed, arn("sns", f"${{{CORE_NAME.name}}}*")),
    ]


def approves_no_delivery() -> Statement:
    """Whoever runs a delivery does not let it go on."""
    return deny("AnswersNoApproval", of("codepipeline", "PutApprovalResult"))


def delivery_ceiling() -> list[Any]:
    """The most that a role of delivery may ever do: the services, roles below boundaries, and no approval."""
    roles = (*BOUND_ROLES, *KEEP_ROLES, *READ_ROLES, *of("iam", "PassRole", "CreateServiceLinkedRole"))
    policies = of("iam", "CreatePolicy", "CreatePolicyVersion", "DeletePolicy", "DeletePolicyVersion", "GetPolicy")
    policies += of("iam", "GetPolicyVersion", "ListEntitiesForPolicy", "ListPolicyVersions", "TagPolicy", "UntagPolicy")
    own = [role_arn("${AWS::StackName}-*"), policy_arn("${AWS::StackName}-*")]
    return [
        may_use_services(DEPLOYED_SERVICES),
        may_see_organization(),
        allow("Roles", (*roles, *policies)),
        approves_no_delivery(),
        deny("ChangesNotItself", (*BOUND_ROLES, *KEEP_ROLES, *policies[:4]), own),
    ]
