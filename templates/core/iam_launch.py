"""What launching an environment from Service Catalog takes: to make what env-main makes, by name and by tag."""

from __future__ import annotations

from typing import Any

from awacs import kms
from awacs.aws import PolicyDocument, Statement
from troposphere import Sub

from generator.cfn.arns import ACCOUNT, arn, objects_arn, role_arn
from generator.cfn.iam import ADMINISTER_KEY, Conditions, allow, may_pass, policy
from templates import published
from templates.access.actions import KEEP_BUCKETS, of
from templates.access.boundary import (
    BOUND_ROLES,
    ENVIRONMENT_SERVICES,
    KEEP_ROLES,
    READ_ROLES,
    may_see_organization,
    may_use_services,
    policy_arn,
)
from templates.access.guardrails import CREATED_IN_VPC, notebooks_stay_closed, stays_in_vpc
from templates.access.network import ANY_ENVIRONMENT, may_keep_network
from templates.access.stacks import KEEP_STACK
from templates.env.iam_project_launch import may_read_provisioned_code

# Names of any environment in this Region: a launch role serves all environments of its account.
ENVIRONMENT_ROLES = tuple(
    name.replace(published.ENVIRONMENT, "*")
    for name in (
        published.STACK_SET_ADMINISTRATION_ROLE,
        published.TEAM_ADMINISTRATOR_ROLE,
        published.DATA_SCIENTIST_ROLE,
        published.ML_ENGINEER_ROLE,
        published.SAGEMAKER_EXECUTION_ROLE,
        published.PIPELINE_EXECUTION_ROLE,
        published.PROJECT_LAUNCH_ROLE,
        published.WORKSPACE_LAUNCH_ROLE,
        published.SETUP_FUNCTION_ROLE,
        published.FLOW_LOGS_ROLE,
        published.STACK_SET_EXECUTION_ROLE,
        # Execution, test, batch and approver: a boundary ends at 6,144 characters.
        f"{published.ENVIRONMENT}-${{AWS::Region}}-model-*",
    )
)
ENVIRONMENT_BOUNDARY = published.PERMISSIONS_BOUNDARY.replace(published.ENVIRONMENT, "*")
# Its own roles' and its projects'
BOUNDARIES = ENVIRONMENT_BOUNDARY.replace("boundary", "*boundary")
TAGGED: Conditions = {"Null": {"aws:RequestTag/EnvironmentName": "false"}}
# Beyond what environments use, a launch makes resource groups.
LAUNCH_SERVICES = (*ENVIRONMENT_SERVICES, "resource-groups")
OWN_ACCOUNT: Conditions = {"StringEquals": {"aws:ResourceAccount": ACCOUNT}}


def shared_boundary() -> PolicyDocument:
    """Ceiling of the shared roles: environments' services, and roles only below an environment's own boundary."""
    return policy(
        may_use_services(LAUNCH_SERVICES),
        may_see_organization(),
        allow("PassRoles", of("iam", "PassRole")),
        may_keep_environment_roles(),
        stays_in_vpc(CREATED_IN_VPC),
        notebooks_stay_closed(),
    )


def launch_policies(bucket: str, prefix: str) -> dict[str, list[Any]]:
    """Policies by name; `bucket` and `prefix` are where the release's templates and function code stand."""
    return {
        "Stacks": [
            may_run_stacks(),
            may_read_release(bucket, prefix),
            may_read_provisioned_code(),
            may_keep_parameters(),
            may_keep_groups(),
        ],
        "Roles": [may_keep_environment_roles(), may_pass_environment_roles()],
        "Network": [may_keep_network(ANY_ENVIRONMENT), may_keep_logs()],
        "Data": [may_keep_keys(), may_keep_buckets()],
        "Platform": [may_keep_functions(), may_keep_domain(), may_keep_portfolio(), notebooks_stay_closed()],
    }


def may_run_stacks() -> list[Statement]:
    """The product's stack with its nested stacks, and the stack sets that it makes."""
    sets = of(
        "cloudformation",
        "CreateStackInstances",
        "DeleteStackInstances",
        "DeleteStackSet",
        "DescribeStackInstance",
        "DescribeStackSet",
        "DescribeStackSetOperation",
        "ListStackInstances",
        "ListStackSetOperationResults",
        "ListStackSetOperations",
        "TagResource",
        "UntagResource",
        "UpdateStackInstances",
        "UpdateStackSet",
    )
    return [
        allow("RunStacks", KEEP_STACK, [arn("cloudformation", f"{kind}/SC-*") for kind in ("changeSet", "stack")]),
        allow(
            "KeepStackSets",
            sets,
            [
                arn("cloudformation", "stackset/*"),
                arn("cloudformation", "stackset-target/*"),
                arn("cloudformation", "type/resource/*", account=""),
            ],
        ),
        # A new stack set, the list of them, and a template that is only looked at have no resource to limit them to.
        allow(
            "CreateStackSets",
            of("cloudformation", "CreateStackSet", "GetTemplateSummary", "ListStackSets", "ValidateTemplate"),
        ),
    ]


def may_read_release(bucket: str, prefix: str) -> Statement:
    """Templates, function code and seed code of the release."""
    return allow("ReadRelease", of("s3", "GetObject", "GetObjectVersion"), objects_arn(bucket, f"{prefix}/*"))


def may_keep_parameters() -> list[Statement]:
    """SSM parameters of any environment; their names begin with names that only a launch decides."""
    keep = of("ssm", "AddTagsToResource", "DeleteParameter", "DeleteParameters", "GetParameter", "GetParameters")
    keep += of("ssm", "ListTagsForResource", "PutParameter", "RemoveTagsFromResource")
    return [
        allow("KeepParameters", keep, arn("ssm", "parameter/*")),
        # The action has no narrower resource type that CloudFormation asks with.
        allow("FindParameters", of("ssm", "DescribeParameters")),
    ]


def may_keep_groups() -> list[Statement]:
    """The resource group of an environment."""
    keep = of("resource-groups", "DeleteGroup", "GetGroup", "GetGroupConfiguration", "GetGroupQuery")
    keep += of("resource-groups", "GetTags", "ListGroupResources", "Tag", "Untag", "UpdateGroup", "UpdateGroupQuery")
    return [
        allow("KeepGroups", keep, arn("resource-groups", "group/*")),
        # A new group has no resource type.
        allow("CreateGroups", of("resource-groups", "CreateGroup")),
    ]


def may_keep_environment_roles() -> list[Statement]:
    """Roles by the names that environments give them, only below an environment's boundary; and the boundaries."""
    roles = [role_arn(name) for name in ENVIRONMENT_ROLES]
    policies = of("iam", "CreatePolicy", "CreatePolicyVersion", "DeletePolicy", "DeletePolicyVersion", "GetPolicy")
    policies += of("iam", "GetPolicyVersion", "ListEntitiesForPolicy", "ListPolicyVersions", "TagPolicy", "UntagPolicy")
    bound = {"ArnLike": {"iam:PermissionsBoundary": policy_arn(ENVIRONMENT_BOUNDARY)}}
    services = Sub("*.${AWS::URLSuffix}")
    return [
        allow("BoundRoles", BOUND_ROLES, roles, when=bound),
        allow("KeepRoles", (*KEEP_ROLES, *READ_ROLES), roles),
        allow("KeepPolicies", policies, [policy_arn(BOUNDARIES), policy_arn("SC-*")]),
        allow(
            "LinkServices",
            of("iam", "CreateServiceLinkedRole"),
            role_arn("aws-service-role/*"),
            when={"StringLike": {"iam:AWSServiceName": services}},
        ),
    ]


def may_pass_environment_roles() -> list[Statement]:
    """Each kind of role to the service that it is for."""
    given: tuple[tuple[str, tuple[str, ...]], ...] = (
        ("sagemaker", (published.SAGEMAKER_EXECUTION_ROLE,)),
        ("lambda", (published.SETUP_FUNCTION_ROLE,)),
        # A launch constraint names a role, and Service Catalog asks whether its author may hand that role on.
        ("servicecatalog", (published.PROJECT_LAUNCH_ROLE, published.WORKSPACE_LAUNCH_ROLE)),
        ("cloudformation", (published.STACK_SET_ADMINISTRATION_ROLE,)),
        ("vpc-flow-logs", (published.FLOW_LOGS_ROLE,)),
    )
    return [
        may_pass(
            f"Pass{service.title().replace('-', '')}",
            [role_arn(name.replace(published.ENVIRONMENT, "*")) for name in names],
            service,
        )
        for service, names in given
    ]


def may_keep_logs() -> list[Statement]:
    """Log groups of functions and flow logs."""
    keep = of("logs", "AssociateKmsKey", "CreateLogGroup", "DeleteLogGroup", "DeleteRetentionPolicy")
    keep += of("logs", "DisassociateKmsKey")
    keep += of(
        "logs", "GetDataProtectionPolicy", "ListTagsForResource", "PutRetentionPolicy", "TagResource", "UntagResource"
    )
    return [
        allow("KeepLogs", keep, [arn("logs", f"log-group:/{kind}/*") for kind in ("aws/lambda", "vpcflowlogs")]),
        # None of these has a resource type that limits it.
        allow("FindLogGroups", of("logs", "DescribeIndexPolicies", "DescribeLogGroups", "DescribeResourcePolicies")),
    ]


def may_keep_keys() -> list[Statement]:
    """Keys that are created with an environment's tag, and administration (no use) of keys that carry it."""
    owned: Conditions = {"Null": {"aws:ResourceTag/EnvironmentName": "false"}}
    grant: Conditions = {**owned, "Bool": {"kms:GrantIsForAWSResource": "true"}}
    services = [Sub(f"{name}.${{AWS::Region}}.${{AWS::URLSuffix}}") for name in ("elasticfilesystem", "sagemaker")]
    through: Conditions = {**owned, "StringEquals": {"kms:ViaService": services}}
    keys = arn("kms", "key/*")
    administer = [action for action in ADMINISTER_KEY if action != kms.ListAliases]
    return [
        # A new key has no ARN yet; its tags limit it.
        allow("CreateKeys", of("kms", "CreateKey"), "*", when=TAGGED),
        # Tags of a new key take a right over keys that have none yet.
        allow("TagNewKeys", of("kms", "TagResource"), keys, when=TAGGED),
        allow("KeepKeys", administer, keys, when=owned),
        allow("KeepAliases", of("kms", "CreateAlias", "DeleteAlias", "UpdateAlias"), arn("kms", "alias/*")),
        # The domain's file system and the functions' settings use keys through grants of their services.
        allow("GrantKeys", of("kms", "CreateGrant"), keys, when=grant),
        # SageMaker asks in the caller's name whether the key of a domain works, and so does the domain's file system.
        allow("TryKeys", of("kms", "Decrypt", "GenerateDataKeyWithoutPlaintext"), keys, when=through),
        # The action has no resource type.
        allow("ListAliases", of("kms", "ListAliases")),
    ]


def may_keep_buckets() -> Statement:
    """Buckets of this account, their settings and policies, no object: the names are parameters of the launch."""
    return allow(
        "KeepBuckets",
        KEEP_BUCKETS,
        arn("s3", "*", region="", account=""),
        when=OWN_ACCOUNT,
    )


def may_keep_functions() -> Statement:
    """Functions of environments, which also serve the custom resources of the launch."""
    keep = of("lambda", "AddPermission", "CreateFunction", "DeleteFunction", "DeleteFunctionConcurrency", "GetFunction")
    keep += of("lambda", "GetFunctionCodeSigningConfig", "GetFunctionConfiguration", "GetRuntimeManagementConfig")
    keep += of("lambda", "GetFunctionRecursionConfig", "GetFunctionScalingConfig")
    keep += of("lambda", "InvokeFunction", "ListTags", "ListVersionsByFunction", "PutFunctionConcurrency")
    keep += of("lambda", "RemovePermission", "TagResource", "UntagResource", "UpdateFunctionCode")
    keep += of("lambda", "UpdateFunctionConfiguration")
    return allow("KeepFunctions", keep, arn("lambda", "function:*"))


def may_keep_domain() -> list[Statement]:
    """Studio: the domain, its profiles, spaces and lifecycle configurations."""
    kinds = ("app", "domain", "space", "studio-lifecycle-config", "user-profile")
    keep = of("sagemaker", "AddTags", "CreateDomain", "CreateSpace", "CreateStudioLifecycleConfig", "CreateUserProfile")
    keep += of("sagemaker", "DeleteApp", "DeleteDomain", "DeleteSpace", "DeleteStudioLifecycleConfig", "DeleteTags")
    keep += of("sagemaker", "DeleteUserProfile", "DescribeApp", "DescribeDomain", "DescribeSpace")
    keep += of("sagemaker", "DescribeStudioLifecycleConfig", "DescribeUserProfile", "ListTags", "UpdateDomain")
    keep += of("sagemaker", "UpdateSpace", "UpdateUserProfile")
    seen = of("sagemaker", "ListApps", "ListDomains", "ListSpaces", "ListStudioLifecycleConfigs", "ListUserProfiles")
    return [
        allow("KeepDomain", keep, [arn("sagemaker", f"{kind}/*") for kind in kinds]),
        # These List actions have no resource type to limit them to.
        allow("ListDomain", seen),
    ]


def may_keep_portfolio() -> list[Statement]:
    """The environment's own portfolio of project products, with its constraints and principals."""
    keep = of("servicecatalog", "AssociatePrincipalWithPortfolio", "CreateConstraint")
    keep += of("servicecatalog", "CreatePortfolio", "CreateProduct", "CreateProvisioningArtifact", "DeletePortfolio")
    keep += of("servicecatalog", "DeleteProduct", "DeleteProvisioningArtifact", "DescribePortfolio")
    keep += of("servicecatalog", "DescribeProductAsAdmin", "DescribeProvisioningArtifact")
    keep += of("servicecatalog", "DisassociatePrincipalFromPortfolio")
    keep += of("servicecatalog", "ListPortfoliosForProduct", "ListPrincipalsForPortfolio", "ListProvisioningArtifacts")
    keep += of("servicecatalog", "ListTagsForResource", "UpdatePortfolio")
    keep += of("servicecatalog", "TagResource", "UntagResource", "UpdateProduct", "UpdateProvisioningArtifact")
    links = of("servicecatalog", "AssociateProductWithPortfolio", "DisassociateProductFromPortfolio")
    links += of("servicecatalog", "DeleteConstraint", "DescribeConstraint", "UpdateConstraint")
    return [
        allow("KeepPortfolio", keep, [arn("catalog", f"{kind}/*") for kind in ("portfolio", "product")]),
        # Constraints, and what links products to portfolios, have no resource type.
        allow("LinkProducts", links),
    ]
