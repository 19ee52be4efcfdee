"""Makers of the functions behind custom resources."""

from __future__ import annotations

from typing import Any

from troposphere import GetAtt, Ref, Sub
from troposphere.awslambda import Code, Function, LoggingConfig
from troposphere.logs import LogGroup

from generator.cfn.lint import guard_exception, scan_exception
from generator.cfn.stack import Release
from templates.facts import lambda_architecture, lambda_runtime

_OWN_KEY = "the log holds no data; CloudWatch encrypts it with its own key"
_UNRESERVED = "a reservation would take from the account; CloudFormation calls once at a time"
_ANSWERS = "whoever calls gets the failure as the answer"
_NO_VPC = "it calls public AWS APIs only, and must work before the VPC exists and after it is gone"
LOG_KEY = {**scan_exception(CKV_AWS_158=_OWN_KEY), **guard_exception(CLOUDWATCH_LOG_GROUP_ENCRYPTED=_OWN_KEY)}
CUSTOM_RESOURCE = {
    **scan_exception(
        CKV_AWS_115=_UNRESERVED,
        CKV_AWS_116=_ANSWERS,
        CKV_AWS_117=_NO_VPC,
        CKV_AWS_173="its variables are names, no secrets",
    ),
    **guard_exception(LAMBDA_CONCURRENCY_CHECK=_UNRESERVED, LAMBDA_DLQ_CHECK=_ANSWERS, LAMBDA_INSIDE_VPC=_NO_VPC),
}
LOG_DAYS = 90
MEMORY_MB = 256


def log_group(title: str, name: str, *, tags: Any = None) -> LogGroup:
    """The log of a function; `name` follows `/aws/lambda/`. It exists before the function does."""
    group = LogGroup(
        title,
        DeletionPolicy="Delete",
        UpdateReplacePolicy="Delete",
        LogGroupName=Sub(f"/aws/lambda/{name}"),
        RetentionInDays=LOG_DAYS,
        Metadata=LOG_KEY,
    )
    if tags is not None:
        group.Tags = tags
    return group


def function(
    release: Release,
    title: str,
    source: str,
    description: str,
    *,
    role: Any,
    log: LogGroup,
    seconds: int = 120,
    tags: Any = None,
) -> Function:
    """A function with the code of templates/sources/functions/<source>."""
    bucket, key = release.function_code(source)
    made = Function(
        title,
        Description=description,
        Code=Code(S3Bucket=bucket, S3Key=key),
        Handler="index.handler",
        Runtime=lambda_runtime(),
        Architectures=[lambda_architecture()],
        MemorySize=MEMORY_MB,
        Timeout=seconds,
        Role=role,
        LoggingConfig=LoggingConfig(LogGroup=Ref(log)),
        Metadata=CUSTOM_RESOURCE,
    )
    if tags is not None:
        made.Tags = tags
    return made


def token(of: Function) -> GetAtt:
    """What a custom resource calls the function by."""
    return GetAtt(of, "Arn")
