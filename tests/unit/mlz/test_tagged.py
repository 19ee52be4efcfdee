from __future__ import annotations

import pytest

from mlz.removal.tagged import HISTORY, Tagged


@pytest.mark.parametrize(
    ("arn", "kind", "name"),
    [
        ("arn:aws:s3:::data", "bucket", "data"),
        ("arn:aws:kms:eu-west-1:1:key/a-b", "key", "a-b"),
        ("arn:aws:elasticfilesystem:eu-west-1:1:file-system/fs-1", "file system", "fs-1"),
        ("arn:aws:cloudformation:eu-west-1:1:stack/sm-mlops-dev/a-b", "stack", "sm-mlops-dev"),
        ("arn:aws:ssm:eu-west-1:1:parameter/a/b", "SSM parameter", "a/b"),
        ("arn:aws:ec2:eu-west-1:1:vpc/vpc-1", "VPC", "vpc-1"),
        ("arn:aws:ec2:eu-west-1:1:subnet/subnet-1", "ec2 subnet", "subnet-1"),
        ("arn:aws:lambda:eu-west-1:1:function:clear", "lambda function", "clear"),
        ("arn:aws:logs:eu-west-1:1:log-group:/aws/lambda/clear", "logs log-group", "/aws/lambda/clear"),
        ("arn:aws-cn:sagemaker:cn-north-1:1:domain/d-1", "sagemaker domain", "d-1"),
    ],
)
def test_what_an_arn_names(arn: str, kind: str, name: str) -> None:
    assert (Tagged(arn, {}).kind, Tagged(arn, {}).name) == (kind, name)


@pytest.mark.parametrize("kind", ["training-job", "hyper-parameter-tuning-job", "pipeline-execution", "experiment"])
def test_history_is_what_nobody_can_delete(kind: str) -> None:
    assert HISTORY.fullmatch(f"sagemaker {kind}")


@pytest.mark.parametrize("kind", ["endpoint", "pipeline", "model", "model-package-group", "domain"])
def test_the_rest_is_no_history(kind: str) -> None:
    assert not HISTORY.fullmatch(f"sagemaker {kind}")
