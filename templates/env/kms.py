"""env-kms.yaml: the three keys of an environment."""

from __future__ import annotations

from typing import Any

from awacs import kms as kms_actions
from awacs.aws import Action, Principal, Statement
from troposphere import Equals, GetAtt, Not, Ref, Sub
from troposphere.kms import Alias, Key

from generator.cfn import iam
from generator.cfn.arns import arn, role_arn, root_arn, service
from generator.cfn.contract import Cond, Out, Param
from generator.cfn.stack import Stack
from templates.env import perimeter
from templates.parameters import ENV_NAME, ENV_TYPE, environment_tags
from templates.published import EBS_KEY_ARN, S3_KEY_ARN, STUDIO_STORAGE_KEY_ARN, WORKSPACE_LAUNCH_ROLE

_KEYS = "Who uses the keys"
_DATA_PLANE = tuple(action for action in iam.USE_KEY if action is not kms_actions.DescribeKey)
_BREAKING = (
    kms_actions.DisableKey,
    kms_actions.DisableKeyRotation,
    kms_actions.PutKeyPolicy,
    kms_actions.ScheduleKeyDeletion,
)


def _role(name: str, who: str) -> Param:
    return Param(name, f"ARN of the role of {who}; empty where there is none", group=_KEYS)


class EnvKms(Stack):
    """Keys for job volumes, Studio storage and buckets: administered through IAM, used by named roles only.

    Roles appear as aws:PrincipalArn conditions, not as principals: an empty parameter matches nobody, and a role that
    was deleted does not make the policy invalid. A role's own policy must allow the use as well.
    """

    FILE = "env-kms.yaml"
    DESCRIPTION = "KMS keys of one environment: job volumes, Studio storage, buckets"

    ENV_NAME = ENV_NAME
    ENV_TYPE = ENV_TYPE
    TEAM_ADMINISTRATOR = _role("DSTeamAdministratorRoleArn", "the data science team's administrator")
    DATA_SCIENTIST = _role("DataScientistRoleArn", "the data scientists")
    EXECUTION_ROLE = _role("SageMakerExecutionRoleArn", "SageMaker for what notebooks start")
    PIPELINE_ROLE = _role("SageMakerPipelineExecutionRoleArn", "SageMaker for pipelines")
    LAUNCH_ROLE = _role("SCLaunchRoleArn", "Service Catalog")
    KMS_ENDPOINT = Param(
        "VPCEndpointKMSId",
        "Id of the KMS endpoint; the bucket key refuses direct calls from elsewhere. Empty: no such refusal",
        group=_KEYS,
    )
    TARGET_ORG_PATHS = perimeter.TARGET_ORG_PATHS
    TARGET_ACCOUNTS = perimeter.TARGET_ACCOUNTS
    STAGING_NAME = perimeter.STAGING_NAME
    PROD_NAME = perimeter.PROD_NAME
    MODEL_ROLE_NAME = perimeter.MODEL_ROLE_NAME

    HAS_KMS_ENDPOINT = Cond("HasKMSEndpoint", Not(Equals(KMS_ENDPOINT, "")))
    HAS_ORG_PATHS = perimeter.HAS_ORG_PATHS
    HAS_ACCOUNTS = perimeter.HAS_ACCOUNTS

    S3_KEY_ARN = Out("S3BucketKMSKeyArn", "ARN of the key of the data and model buckets")
    S3_KEY_ID = Out("S3BucketKMSKeyId", "Id of the key of the data and model buckets")
    EBS_KEY_ARN = Out("SagemakerEBSKMSKeyArn", "ARN of the key of the volumes of jobs and endpoints")
    EBS_KEY_ID = Out("SagemakerEBSKMSKeyId", "Id of the key of the volumes of jobs and endpoints")
    STUDIO_KEY_ARN = Out("SageMakerStudioStorageKMSKeyArn", "ARN of the key of the Studio file systems and volumes")
    STUDIO_KEY_ID = Out("SageMakerStudioStorageKMSKeyId", "Id of the key of the Studio file systems and volumes")

    def build(self) -> None:
        jobs = (self.TEAM_ADMINISTRATOR, self.DATA_SCIENTIST, self.EXECUTION_ROLE, self.PIPELINE_ROLE, self.LAUNCH_ROLE)
        shared = [iam.key_administration(), users_do_not_administer(jobs[1:4])]
        worn_by_services = (self.EXECUTION_ROLE, self.PIPELINE_ROLE)
        storage = [*shared, admits_users(jobs), admits_grants(), admits_grants_as(worn_by_services)]
        self._key(
            "SagemakerEBSKMSKey",
            key("Volumes of SageMaker jobs and endpoints", iam.policy_with_choices(*storage, admits_workspaces())),
            (self.EBS_KEY_ARN, self.EBS_KEY_ID),
            "kms-ebs",
            EBS_KEY_ARN,
        )
        self._key(
            "SageMakerStudioStorageKMSKey",
            key("File systems and volumes of SageMaker Studio", iam.policy_with_choices(*storage)),
            (self.STUDIO_KEY_ARN, self.STUDIO_KEY_ID),
            "kms-efs",
            STUDIO_STORAGE_KEY_ARN,
        )
        self._key(
            "S3BucketKMSKey",
            key("Data and model buckets", iam.policy_with_choices(*shared, *self._bucket_key_statements(jobs))),
            (self.S3_KEY_ARN, self.S3_KEY_ID),
            "kms-s3",
            S3_KEY_ARN,
        )

    def _bucket_key_statements(self, users: tuple[Param, ...]) -> list[Any]:
        direct_calls = perimeter.only_from_network(
            "DirectCallsOnlyFromTheNetwork", _DATA_PLANE, "*", self.KMS_ENDPOINT, targets=True
        )
        return [
            admits_users(users),
            admits_account_through_s3(),
            admits_events_to_projects(),
            *perimeter.admits_targets(iam.READ_WITH_KEY, "*", when={"StringEquals": {"kms:ViaService": via("s3")}}),
            self.HAS_KMS_ENDPOINT.then(direct_calls),
        ]

    def _key(self, title: str, made: dict[str, Any], outputs: tuple[Out, Out], alias: str, published: Any) -> None:
        resource = self.add(Key(title, **made))
        self.add(
            Alias(f"{title}Alias", AliasName=Sub(f"alias/${{EnvName}}-${{EnvType}}-{alias}"), TargetKeyId=Ref(resource))
        )
        self.add(published.parameter(f"{title}ArnSSM", GetAtt(resource, "Arn"), f"{made['Description']}: key ARN"))
        self.put(outputs[0], GetAtt(resource, "Arn"))
        self.put(outputs[1], Ref(resource))


def key(description: str, policy: dict[str, Any]) -> dict[str, Any]:
    """Properties of a key that outlives its stack: what it encrypted may still be needed."""
    return {
        "Description": description,
        "KeyPolicy": policy,
        "EnableKeyRotation": True,
        "PendingWindowInDays": 30,
        "Tags": environment_tags(),
        "DeletionPolicy": "RetainExceptOnCreate",
        "UpdateReplacePolicy": "Retain",
    }


def via(*services: str) -> list[Any]:
    """kms:ViaService values of this Region."""
    return [Sub(f"{name}.${{AWS::Region}}.${{AWS::URLSuffix}}") for name in services]


def admits_users(roles: tuple[Param, ...]) -> Statement:
    """The named roles encrypt and decrypt, where their own policies allow it too."""
    return _for_roles(iam.allow, "RolesUseTheKey", iam.USE_KEY, roles)


def users_do_not_administer(roles: tuple[Param, ...]) -> Statement:
    """Who works with data cannot disable the key, schedule its deletion or rewrite its policy."""
    return _for_roles(iam.deny, "UsersDoNotAdminister", _BREAKING, roles)


def admits_account_through_s3() -> Statement:
    """What the account's roles may read or write in S3, builds and pipelines included, they may decrypt there."""
    when = {"StringEquals": {"kms:ViaService": via("s3")}}
    return iam.allow("AccountUsesThroughS3", iam.USE_KEY, "*", principal=Principal("AWS", root_arn()), when=when)


def admits_events_to_projects() -> Statement:
    """EventBridge publishes to topics of projects under this key. It sends no source account or rule that a policy
    could ask for (SNS Developer Guide, "Key management"), but SNS names the topic in the encryption context."""
    topics = {"kms:EncryptionContext:aws:sns:topicArn": arn("sns", "sagemaker-*")}
    return iam.allow(
        "EventsReachProjectTopics",
        (kms_actions.Decrypt, Action("kms", "GenerateDataKey*")),
        "*",
        principal=Principal("Service", service("events")),
        when={"StringLike": topics},
    )


def admits_grants() -> Statement:
    """SageMaker makes grants on behalf of the caller (jobs, Studio), for AWS resources only."""
    return iam.allow(
        "ServicesMakeGrants",
        iam.GRANT_KEY,
        "*",
        principal=Principal("AWS", root_arn()),
        when={
            "Bool": {"kms:GrantIsForAWSResource": "true"},
            "StringEquals": {"kms:ViaService": via("sagemaker", "elasticfilesystem", "ec2")},
        },
    )


def admits_grants_as(roles: tuple[Param, ...]) -> Statement:
    """SageMaker makes the grants for a job's volume in the job's own role, and then no caller stands behind the call
    whom kms:ViaService could speak of (SageMaker Developer Guide, "SageMaker roles": kms:CreateGrant of that role)."""
    return _for_roles(
        iam.allow, "JobsMakeGrants", iam.GRANT_KEY, roles, more={"Bool": {"kms:GrantIsForAWSResource": "true"}}
    )


def admits_workspaces() -> Statement:
    """Whoever makes a notebook instance shows that the key works (resource schema of NotebookInstance: kms:Decrypt)."""
    launch = {"aws:PrincipalArn": role_arn(WORKSPACE_LAUNCH_ROLE), "kms:ViaService": via("sagemaker")}
    account = Principal("AWS", root_arn())
    return iam.allow(
        "WorkspacesTryTheKey", (kms_actions.Decrypt,), "*", principal=account, when={"StringEquals": launch}
    )


def _for_roles(
    effect: Any,
    sid: str,
    actions: tuple[Action, ...],
    roles: tuple[Param, ...],
    more: iam.Conditions | None = None,
) -> Statement:
    account = Principal("AWS", root_arn())
    when = {"StringEquals": {"aws:PrincipalArn": list(roles)}, **(more or {})}
    statement: Statement = effect(sid, actions, "*", principal=account, when=when)
    return statement
