"""Named groups of SageMaker actions; a statement takes whole groups, so that a role's text says what it is for."""

from __future__ import annotations

from awacs.aws import Action


def of(service: str, *names: str) -> tuple[Action, ...]:
    """Actions of one service by name; a test holds every name against the service authorization data."""
    return tuple(Action(service, name) for name in names)


READ = of("sagemaker", "Describe*", "List*", "BatchDescribeModelPackage", "GetSearchSuggestions", "Search")

# A connection's ARN has either prefix, by its age, and its actions have the same one.
CONNECTIONS = ("codeconnections", "codestar-connections")
USE_CONNECTION = tuple(Action(prefix, "UseConnection") for prefix in CONNECTIONS)

STOP_JOBS = of(
    "sagemaker",
    "StopAutoMLJob",
    "StopCompilationJob",
    "StopHyperParameterTuningJob",
    "StopProcessingJob",
    "StopTrainingJob",
    "StopTransformJob",
)

RUN_JOBS = (
    *of(
        "sagemaker",
        "CreateAutoMLJob",
        "CreateAutoMLJobV2",
        "CreateCompilationJob",
        "CreateHyperParameterTuningJob",
        "CreateProcessingJob",
        "CreateTrainingJob",
        "CreateTransformJob",
    ),
    *STOP_JOBS,
)

TRACK_EXPERIMENTS = of(
    "sagemaker",
    "AddAssociation",
    "AssociateTrialComponent",
    "BatchPutMetrics",
    "CreateAction",
    "CreateArtifact",
    "CreateContext",
    "CreateExperiment",
    "CreateTrial",
    "CreateTrialComponent",
    "DisassociateTrialComponent",
    "UpdateAction",
    "UpdateArtifact",
    "UpdateContext",
    "UpdateExperiment",
    "UpdateTrial",
    "UpdateTrialComponent",
)

RUN_PIPELINES = of(
    "sagemaker",
    "RetryPipelineExecution",
    "StartPipelineExecution",
    "StopPipelineExecution",
)

WRITE_PIPELINES = of("sagemaker", "CreatePipeline", "DeletePipeline", "UpdatePipeline", "UpdatePipelineExecution")

REGISTER_MODELS = of("sagemaker", "CreateModelPackage", "CreateModelPackageGroup")

APPROVE_MODELS = of("sagemaker", "UpdateModelPackage")

ANSWER_APPROVALS = of("codepipeline", "PutApprovalResult")

USE_FEATURES = of("sagemaker", "BatchGetRecord", "DeleteRecord", "GetRecord", "PutRecord")

WRITE_FEATURE_GROUPS = of("sagemaker", "CreateFeatureGroup", "DeleteFeatureGroup", "UpdateFeatureGroup")

DEPLOY_MODELS = of(
    "sagemaker",
    "CreateEndpoint",
    "CreateEndpointConfig",
    "CreateModel",
    "DeleteEndpoint",
    "DeleteEndpointConfig",
    "DeleteModel",
    "UpdateEndpoint",
    "UpdateEndpointWeightsAndCapacities",
)

INVOKE_ENDPOINTS = of("sagemaker", "InvokeEndpoint", "InvokeEndpointAsync", "InvokeEndpointWithResponseStream")

# From an endpoint to the model that it serves
TRACE_ENDPOINTS = of("sagemaker", "DescribeEndpointConfig", "DescribeModel")

MANAGE_PEOPLE = of(
    "sagemaker",
    "CreatePresignedDomainUrl",
    "CreateUserProfile",
    "DeleteApp",
    "DeleteSpace",
    "DeleteUserProfile",
    "UpdateUserProfile",
)

# What gives a person, or a program that poses as one, a place to work in
OPEN_STUDIO = of(
    "sagemaker",
    "CreateApp",
    "CreateDomain",
    "CreateNotebookInstance",
    "CreatePresignedDomainUrl",
    "CreatePresignedNotebookInstanceUrl",
    "CreateSpace",
    "CreateUserProfile",
    "UpdateDomain",
)

MANAGE_PROJECTS = of("sagemaker", "CreateProject", "DeleteProject", "UpdateProject")

TAG = of("sagemaker", "AddTags")

UPDATE_STACK_SETS = of("cloudformation", "UpdateStackSet")

# What undoes a platform for everybody; no role that runs a user's code may ever get it
DELETE_PLATFORM = (
    *of("cloudformation", "DeleteStack", "DeleteStackInstances", "DeleteStackSet"),
    *UPDATE_STACK_SETS,
    *of("kms", "DisableKey", "PutKeyPolicy", "ScheduleKeyDeletion"),
    *of("sagemaker", "DeleteDomain", "DeleteModelPackage", "DeleteModelPackageGroup"),
)

# A bucket with its settings and its policy, and no object of it: what CloudFormation's bucket types need.
KEEP_BUCKETS = of(
    "s3",
    "CreateBucket",
    "DeleteBucket",
    "DeleteBucketPolicy",
    "GetBucketLocation",
    "GetBucketLogging",
    "GetBucketOwnershipControls",
    "GetBucketPolicy",
    "GetBucketPublicAccessBlock",
    "GetBucketTagging",
    "GetBucketVersioning",
    "GetEncryptionConfiguration",
    "GetLifecycleConfiguration",
    "ListBucket",
    "ListTagsForResource",
    "PutBucketLogging",
    "PutBucketOwnershipControls",
    "PutBucketPolicy",
    "PutBucketPublicAccessBlock",
    "PutBucketTagging",
    "PutBucketVersioning",
    "PutEncryptionConfiguration",
    "PutLifecycleConfiguration",
    "TagResource",
    "UntagResource",
)
