"""Makers of the functions behind custom resources."""

from __future__ import annotations

from typing import Any

from troposphere import GetAtt, Ref, Sub
from troposphere.awslambda import Code, Function, LoggingConfig
from troposphere.logs import LogGroup

from generator.cfn.stack import Release
from templates.facts import lambda_architecture, lambda_runtime

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
    )
    if tags is not None:
        made.Tags = tags
    return made


def token(of: Function) -> GetAtt:
    """What a custom resource calls the function by."""
    return GetAtt(of, "Arn")
