"""Statements over SageMaker: jobs, experiments, pipelines, models, features, Studio spaces."""

from __future__ import annotations

from awacs.aws import Action, Statement

from generator.cfn.arns import arn
from generator.cfn.iam import allow
from templates.access import actions
from templates.access.actions import of

ALL = arn("sagemaker", "*")

# Endpoints that people try models with; those that projects deploy have other names
EXPERIMENTS = [arn("sagemaker", f"{kind}/experiment-*") for kind in ("endpoint", "endpoint-config", "model")]


def may_see_sagemaker() -> Statement:
    """Read everything SageMaker holds in this account; most List actions have no resource type."""
    return allow("SeeSageMaker", actions.READ)


def may_on_sagemaker(sid: str, *groups: tuple[Action, ...]) -> Statement:
    """Named groups of actions on the account's own SageMaker resources in this Region."""
    return allow(sid, [action for group in groups for action in group], ALL)


def may_tag_at_creation() -> Statement:
    """Tag what is being created, never what exists: tags decide about access."""
    return allow("TagAtCreation", actions.TAG, ALL, when={"Null": {"sagemaker:TaggingAction": "false"}})


def may_try_endpoints() -> Statement:
    """Deploy and call endpoints named `experiment-…`."""
    return allow("TryEndpoints", (*actions.DEPLOY_MODELS, *actions.INVOKE_ENDPOINTS), EXPERIMENTS)


def may_use_own_spaces() -> list[Statement]:
    """Make, run and remove one's own Studio spaces and the apps in them, and join shared ones."""
    domain = "${!sagemaker:DomainId}"
    owner = arn("sagemaker", f"user-profile/{domain}/${{!sagemaker:UserProfileName}}")
    own = {"ArnLike": {"sagemaker:OwnerUserProfileArn": owner}}
    spaces = arn("sagemaker", f"space/{domain}/*")
    apps = arn("sagemaker", f"app/{domain}/*/*/*")
    use_apps = of("sagemaker", "CreateApp", "DeleteApp")
    return [
        allow(
            "OwnSpaces",
            of("sagemaker", "CreateSpace", "DeleteSpace", "UpdateSpace"),
            spaces,
            when={**own, "StringEquals": {"sagemaker:SpaceSharingType": ["Private", "Shared"]}},
        ),
        allow("OwnApps", use_apps, apps, when={**own, "StringEquals": {"sagemaker:SpaceSharingType": "Private"}}),
        allow("SharedApps", use_apps, apps, when={"StringEquals": {"sagemaker:SpaceSharingType": "Shared"}}),
    ]


def may_keep_features() -> list[Statement]:
    """Feature groups, their records, and the catalog tables of their offline stores."""
    tables = [
        arn("glue", name) for name in ("catalog", "database/sagemaker_featurestore", "table/sagemaker_featurestore/*")
    ]
    glue = of("glue", "CreateTable", "GetDatabase", "GetPartition", "GetPartitions", "GetTable", "UpdateTable")
    return [
        may_on_sagemaker("KeepFeatures", actions.WRITE_FEATURE_GROUPS, actions.USE_FEATURES),
        allow("KeepFeatureTables", glue, tables),
    ]
