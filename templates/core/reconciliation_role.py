"""What the build that converges target accounts may do: `mlz plan` and `mlz deploy targets`, and nothing else."""

from __future__ import annotations

from awacs import cloudformation, ec2, logs, organizations, s3
from awacs import iam as iam_actions
from awacs import sns as topics
from awacs.aws import Action, PolicyDocument, Statement
from troposphere import AWSHelperFn, Ref, iam, sns

from generator.cfn import arns
from generator.cfn.iam import allow, may_pass, policy, trust
from templates.access.actions import of
from templates.access.boundary import may_see_organization, may_use_services
from templates.access.exceptions import SEEING_ROLE

SEEN = (
    "DescribeStackInstance",
    "DescribeStackSet",
    "DescribeStackSetOperation",
    "ListStackInstances",
    "ListStackSetOperationResults",
    "ListStackSetOperations",
)
DONE = (
    "CreateStackInstances",
    "DeleteStackInstances",
    "TagResource",
    "UntagResource",
    "UpdateStackInstances",
    "UpdateStackSet",
)


def reconciliation_boundary() -> PolicyDocument:
    """Ceiling of the build and of the roles that start it: stack sets, and what is read and told beside them."""
    return policy(
        may_use_services(("cloudformation", "cloudwatch", "logs", "s3", "sns")),
        may_see_organization(),
        allow("SeeZones", of("ec2", "DescribeAvailabilityZones", "DescribeManagedPrefixLists")),
        allow("HandOver", of("iam", "GetRole", "PassRole")),
        allow("StartAndTell", (*of("codebuild", "StartBuild"), *of("events", "PutEvents"))),
    )


def reconciling_role(prefix: str, topic: sns.Topic, boundary: AWSHelperFn) -> iam.Role:
    return iam.Role(
        "ReconciliationRole",
        AssumeRolePolicyDocument=trust("codebuild"),
        PermissionsBoundary=boundary,
        Policies=[
            iam.Policy(
                PolicyName="Reconcile",
                PolicyDocument=policy(_reading(prefix), _looking(), _converging(), _telling(topic)),
            )
        ],
        Metadata=SEEING_ROLE,
    )


def _reading(prefix: str) -> list[Statement]:
    """The program, the settings and the templates; templates of the user's own are put below `stack-sets`."""
    bucket = "${S3BucketName}"
    settings = arns.objects_arn(bucket, "${SettingsKey}")
    return [
        allow("FindObjects", [s3.ListBucket, s3.GetBucketLocation], arns.bucket_arn(bucket)),
        allow("ReadRelease", [s3.GetObject, s3.GetObjectVersion], [arns.objects_arn(bucket, f"{prefix}/*"), settings]),
        allow("PutTemplates", [s3.PutObject], arns.objects_arn(bucket, f"{prefix}/stack-sets/*")),
    ]


def _looking() -> list[Statement]:
    """Neither the organization nor zones can be named more closely: these actions take no resource."""
    members: list[Action] = [
        organizations.DescribeAccount,
        organizations.DescribeOrganization,
        organizations.DescribeOrganizationalUnit,
        organizations.ListAccounts,
        organizations.ListAccountsForParent,
        organizations.ListOrganizationalUnitsForParent,
        organizations.ListParents,
        organizations.ListRoots,
        organizations.ListTagsForResource,
    ]
    return [
        allow("SeeMembers", members, "*"),
        allow("SeeZones", [ec2.DescribeAvailabilityZones, ec2.DescribeManagedPrefixLists], "*"),
        allow("SeeEnvironment", [cloudformation.DescribeStacks], arns.arn("cloudformation", "stack/*")),
        allow("SeeAlarms", [Action("cloudwatch", "DescribeAlarms")], arns.arn("cloudwatch", "alarm:*")),
    ]


def _converging() -> list[Statement]:
    """Stack sets of this account, and the administration roles that CloudFormation is handed for them."""
    where = [
        arns.arn("cloudformation", "stackset/*"),
        arns.arn("cloudformation", "stackset-target/*"),
        arns.arn("cloudformation", "type/resource/*", region="*", account=""),
    ]
    roles = [arns.role_arn("*-stackset-admin"), arns.role_arn("AWSCloudFormationStackSetAdministrationRole")]
    return [
        allow("SeeStackSets", [Action("cloudformation", name) for name in SEEN], where[:1]),
        allow("Converge", [Action("cloudformation", name) for name in DONE], where),
        # A new stack set has no resource to limit it to; the role that it would use has to be passed.
        allow("CreateStackSets", [cloudformation.CreateStackSet]),
        may_pass("HandOverAdministration", roles, "cloudformation"),
        allow("SeeAdministration", [iam_actions.GetRole], roles),
    ]


def _telling(topic: sns.Topic) -> list[Statement]:
    return [
        allow("PostPlan", [topics.Publish], Ref(topic)),
        allow("WriteLog", [logs.CreateLogStream, logs.PutLogEvents], arns.arn("logs", "log-group:/aws/codebuild/*")),
    ]
