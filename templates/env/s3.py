"""env-s3.yaml: the data and model buckets of an environment, and the bucket of their access logs."""

from __future__ import annotations

from typing import Any

from awacs import s3
from awacs.aws import Action, Principal, Statement
from troposphere import Ref, Sub
from troposphere.s3 import (
    AbortIncompleteMultipartUpload,
    Bucket,
    BucketEncryption,
    BucketPolicy,
    LifecycleConfiguration,
    LifecycleRule,
    LoggingConfiguration,
    NoncurrentVersionExpiration,
    OwnershipControls,
    OwnershipControlsRule,
    PublicAccessBlockConfiguration,
    ServerSideEncryptionByDefault,
    ServerSideEncryptionRule,
    VersioningConfiguration,
)

from generator.cfn import iam
from generator.cfn.arns import ACCOUNT, bucket_arn, objects_arn, role_arn, service
from generator.cfn.contract import Out, Param
from generator.cfn.stack import Stack
from templates.access.exceptions import BUCKET, unlogged_bucket
from templates.env import perimeter
from templates.parameters import ENV_NAME, ENV_TYPE, environment_tags
from templates.published import ENVIRONMENT, PROJECT_ROLES

_BUCKETS = "Buckets"
_RETENTION = "Retention"
_ENCRYPTION = "s3:x-amz-server-side-encryption"

DATA_PLANE: tuple[Action, ...] = (
    s3.AbortMultipartUpload,
    s3.BypassGovernanceRetention,
    Action("s3", "DeleteObject*"),
    Action("s3", "GetObject*"),
    Action("s3", "InitiateReplication"),
    s3.ListBucket,
    s3.ListBucketMultipartUploads,
    s3.ListBucketVersions,
    s3.ListMultipartUploadParts,
    Action("s3", "PutObject*"),
    Action("s3", "Replicate*"),
    s3.RestoreObject,
)


class EnvS3(Stack):
    """Buckets reachable from the environment's network only; models are readable from the target accounts' as well.

    CloudFormation refuses to delete a bucket that holds objects, so deleting the stack loses no data. The log bucket
    has a generated name and stays.
    """

    FILE = "env-s3.yaml"
    DESCRIPTION = "Data and model buckets of one environment"

    ENV_NAME = ENV_NAME
    ENV_TYPE = ENV_TYPE
    DATA_BUCKET = Param("DataBucketName", "Name of the bucket for data", group=_BUCKETS)
    MODEL_BUCKET = Param("ModelBucketName", "Name of the bucket for models", group=_BUCKETS)
    S3_ENDPOINT = Param(
        "VPCEndpointS3Id",
        "Id of the S3 endpoint that data and models are reached through",
        pattern="vpce-[0-9a-z]+",
        constraint="an endpoint id: without one nobody could read the buckets",
        group=_BUCKETS,
    )
    KEY = Param("S3BucketKMSKeyId", "Id or ARN of the key that encrypts both buckets", group=_BUCKETS)
    PIPELINE_ROLE = Param(
        "SageMakerPipelineExecutionRoleArn",
        "ARN of the pipelines' role: SageMaker uses it from its own network for definitions, code and caches",
        default="",
        group=_BUCKETS,
    )
    EXECUTION_ROLE = Param(
        "SageMakerExecutionRoleArn",
        "ARN of the execution role: SageMaker uses it from its own network to check models when they are registered",
        default="",
        group=_BUCKETS,
    )
    VERSION_DAYS = Param(
        "NoncurrentVersionRetentionDays",
        "Days that replaced and deleted versions of objects are kept",
        type="Number",
        default=90,
        min_value=1,
        group=_RETENTION,
    )
    LOG_DAYS = Param(
        "AccessLogRetentionDays",
        "Days that access logs are kept",
        type="Number",
        default=365,
        min_value=1,
        group=_RETENTION,
    )
    TARGET_ORG_PATHS = perimeter.TARGET_ORG_PATHS
    TARGET_ACCOUNTS = perimeter.TARGET_ACCOUNTS
    STAGING_NAME = perimeter.STAGING_NAME
    PROD_NAME = perimeter.PROD_NAME
    MODEL_ROLE_NAME = perimeter.MODEL_ROLE_NAME

    HAS_ORG_PATHS = perimeter.HAS_ORG_PATHS
    HAS_ACCOUNTS = perimeter.HAS_ACCOUNTS

    DATA_BUCKET_NAME = Out(
        "DataBucketName", "Name of the bucket for data", export=Sub(f"{ENVIRONMENT}-data-bucket-name")
    )
    MODEL_BUCKET_NAME = Out(
        "ModelBucketName", "Name of the bucket for models", export=Sub(f"{ENVIRONMENT}-model-bucket-name")
    )

    def build(self) -> None:
        logs = self.add(log_bucket(self.LOG_DAYS))
        admission = self.add(log_bucket_policy("${AccessLogBucket}", (self.DATA_BUCKET, self.MODEL_BUCKET)))
        for title, name in (("DataBucket", self.DATA_BUCKET), ("ModelBucket", self.MODEL_BUCKET)):
            bucket = environment_bucket(title, name, self.KEY, self.VERSION_DAYS, Ref(logs))
            bucket.resource["DependsOn"] = [admission.title]
            self.add(bucket)
        self.add(bucket_policy("DataBucket", self._data_statements()))
        self.add(bucket_policy("ModelBucket", self._model_statements()))
        self.put(self.DATA_BUCKET_NAME, Ref("DataBucket"))
        self.put(self.MODEL_BUCKET_NAME, Ref("ModelBucket"))

    def _data_statements(self) -> list[Any]:
        arns = arns_of("DataBucket")
        network = perimeter.only_from_network(
            "OnlyFromTheNetwork",
            DATA_PLANE,
            arns,
            self.S3_ENDPOINT,
            targets=False,
            exempt_roles=[self.PIPELINE_ROLE],
        )
        return [*transport_statements(arns), only_kms(arns[1]), network]

    def _model_statements(self) -> list[Any]:
        arns = arns_of("ModelBucket")
        network = perimeter.only_from_network(
            "OnlyFromTheNetworks",
            DATA_PLANE,
            arns,
            self.S3_ENDPOINT,
            targets=True,
            exempt_roles=[self.PIPELINE_ROLE, self.EXECUTION_ROLE],
        )
        reading = perimeter.admits_targets((*iam.LIST_BUCKET, *iam.READ_OBJECTS), arns)
        return [*transport_statements(arns), only_kms(arns[1]), releases_are_built(), network, *reading]


def arns_of(title: str) -> list[Any]:
    """A bucket of this template and its objects."""
    return [bucket_arn(f"${{{title}}}"), objects_arn(f"${{{title}}}")]


def environment_bucket(title: str, name: Any, key: Any, version_days: Any, logs: Any) -> Bucket:
    """A versioned bucket whose objects the environment's key encrypts."""
    default = ServerSideEncryptionByDefault(SSEAlgorithm="aws:kms", KMSMasterKeyID=key)
    return _private_bucket(
        title,
        Metadata=BUCKET,
        BucketName=name,
        BucketEncryption=_encryption(
            ServerSideEncryptionRule(ServerSideEncryptionByDefault=default, BucketKeyEnabled=True)
        ),
        LoggingConfiguration=LoggingConfiguration(DestinationBucketName=logs, LogFilePrefix=f"{title}/"),
        LifecycleConfiguration=LifecycleConfiguration(
            Rules=[
                LifecycleRule(
                    Id="Versions",
                    Status="Enabled",
                    NoncurrentVersionExpiration=NoncurrentVersionExpiration(NoncurrentDays=version_days),
                    AbortIncompleteMultipartUpload=AbortIncompleteMultipartUpload(DaysAfterInitiation=7),
                    ExpiredObjectDeleteMarker=True,
                )
            ]
        ),
        DeletionPolicy="Delete",
        UpdateReplacePolicy="Retain",
    )


def log_bucket(days: Any) -> Bucket:
    """S3 delivers server access logs to buckets with SSE-S3 only (S3 User Guide, "Enabling server access logging")."""
    default = ServerSideEncryptionByDefault(SSEAlgorithm="AES256")
    expiry = LifecycleRule(
        Id="Logs",
        Status="Enabled",
        ExpirationInDays=days,
        NoncurrentVersionExpiration=NoncurrentVersionExpiration(NoncurrentDays=1),
        AbortIncompleteMultipartUpload=AbortIncompleteMultipartUpload(DaysAfterInitiation=7),
    )
    return _private_bucket(
        "AccessLogBucket",
        Metadata=unlogged_bucket("it holds access logs; a log of its own would never end"),
        BucketEncryption=_encryption(ServerSideEncryptionRule(ServerSideEncryptionByDefault=default)),
        LifecycleConfiguration=LifecycleConfiguration(Rules=[expiry]),
        DeletionPolicy="RetainExceptOnCreate",
        UpdateReplacePolicy="Retain",
    )


def _encryption(rule: ServerSideEncryptionRule) -> BucketEncryption:
    return BucketEncryption(ServerSideEncryptionConfiguration=[rule])


def _private_bucket(title: str, **properties: Any) -> Bucket:
    return Bucket(
        title,
        OwnershipControls=OwnershipControls(Rules=[OwnershipControlsRule(ObjectOwnership="BucketOwnerEnforced")]),
        PublicAccessBlockConfiguration=PublicAccessBlockConfiguration(
            BlockPublicAcls=True, BlockPublicPolicy=True, IgnorePublicAcls=True, RestrictPublicBuckets=True
        ),
        VersioningConfiguration=VersioningConfiguration(Status="Enabled"),
        Tags=environment_tags(),
        **properties,
    )


def bucket_policy(bucket: str, statements: list[Any]) -> BucketPolicy:
    """The policy of a bucket of this template."""
    return BucketPolicy(f"{bucket}Policy", Bucket=Ref(bucket), PolicyDocument=iam.policy_with_choices(*statements))


def log_bucket_policy(bucket: str, sources: tuple[Param, ...]) -> BucketPolicy:
    """S3 may put the logs of the environment's buckets; everything goes over TLS."""
    delivery = iam.allow(
        "LogDelivery",
        [s3.PutObject],
        objects_arn(bucket),
        principal=Principal("Service", service("logging.s3")),
        when={
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
            "ArnEquals": {"aws:SourceArn": [bucket_arn(f"${{{source.name}}}") for source in sources]},
        },
    )
    return bucket_policy("AccessLogBucket", [*transport_statements(arns_of("AccessLogBucket")), delivery])


def transport_statements(arns: list[Any]) -> list[Statement]:
    """TLS 1.2 or newer, for everyone."""
    everything = [Action("s3", "*")]
    return [
        iam.deny(
            "OnlyOverTLS",
            everything,
            arns,
            principal=perimeter.EVERYONE,
            when={"Bool": {"aws:SecureTransport": False}},
        ),
        iam.deny(
            "OnlyModernTLS",
            everything,
            arns,
            principal=perimeter.EVERYONE,
            when={"NumericLessThan": {"s3:TlsVersion": "1.2"}},
        ),
    ]


def releases_are_built() -> Statement:
    """A multi-model endpoint loads whatever lies below its release: only a project's build puts models there."""
    builds = role_arn(f"{PROJECT_ROLES}-build")
    return iam.deny(
        "ReleasesAreBuilt",
        [s3.PutObject],
        objects_arn("${ModelBucket}", "releases/*"),
        principal=perimeter.EVERYONE,
        when={"ArnNotLike": {"aws:PrincipalArn": builds}},
    )


def only_kms(objects: Any) -> Statement:
    """An upload that names an encryption names SSE-KMS; without a name the bucket's default holds."""
    return iam.deny(
        "OnlyEncryptedWithKMS",
        [s3.PutObject],
        objects,
        principal=perimeter.EVERYONE,
        when={"Null": {_ENCRYPTION: "false"}, "StringNotEquals": {_ENCRYPTION: ["aws:kms", "aws:kms:dsse"]}},
    )
