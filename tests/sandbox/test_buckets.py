"""Buckets across accounts, and templates read from them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox import buckets
from sandbox.cfn.errors import CfnError
from sandbox.world import Built

MORE = "\nFor more information check http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"


@pytest.fixture
def bucket(client: Any) -> str:
    s3 = client("s3")
    s3.create_bucket(Bucket="templates", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="templates", Key="a/b.yaml", Body=b"text")
    return "templates"


@pytest.mark.parametrize(
    "url",
    [
        "https://s3.eu-west-1.amazonaws.com/templates/a/b.yaml",
        "https://templates.s3.eu-west-1.amazonaws.com/a/b.yaml",
        "https://s3.amazonaws.com/templates/a/b.yaml",
        "https://templates.s3.amazonaws.com/a/b.yaml",
        "https://templates.s3-eu-west-1.amazonaws.com/a/b.yaml",
        "https://templates.s3.eu-west-1.amazonaws.com/a%2Fb.yaml",
    ],
)
@pytest.mark.usefixtures("bucket")
def test_both_styles_of_url(url: str) -> None:
    assert buckets.read_template(url, "111111111111") == "text"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://templates.s3.eu-west-1.amazonaws.com/a/b.yaml", "TemplateURL must be a supported URL."),
        ("s3://templates/a/b.yaml", "TemplateURL must be a supported URL."),
        ("https://example.com/a/b.yaml", "TemplateURL must be a supported URL."),
        (
            "https://templates.s3.eu-west-1.amazonaws.com/",
            "TemplateURL must reference a valid S3 object to which you have access.",
        ),
        ("https://none.s3.amazonaws.com/a", f"S3 error: The specified bucket does not exist{MORE}"),
        ("https://templates.s3.amazonaws.com/none", f"S3 error: The specified key does not exist.{MORE}"),
        (
            "https://templates.s3.us-east-1.amazonaws.com/a/b.yaml",
            (
                "S3 error: The bucket you are attempting to access must be addressed using the specified endpoint. "
                f"Please send all future requests to this endpoint.{MORE}"
            ),
        ),
    ],
)
@pytest.mark.usefixtures("bucket")
def test_bad_urls(url: str, message: str) -> None:
    with pytest.raises(CfnError) as caught:
        buckets.read_template(url, "111111111111")
    assert (caught.value.code, caught.value.message) == ("ValidationError", message)


def test_other_accounts_need_the_buckets_policy(world: Built, bucket: str, client: Any) -> None:
    url, other = "https://templates.s3.amazonaws.com/a/b.yaml", world.accounts["workloads/prod"][0]
    with pytest.raises(CfnError) as caught:
        buckets.read_template(url, other)
    assert caught.value.message == f"S3 error: Access Denied{MORE}"
    with pytest.raises(ClientError, match="403"):
        client("s3", other).head_bucket(Bucket=bucket)
    policy = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::templates/a/*",
            "Condition": {"StringEquals": {"aws:PrincipalOrgID": world.organization}},
        },
    }
    client("s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    assert buckets.read_template(url, other) == "text"
    assert client("s3", other).get_object(Bucket=bucket, Key="a/b.yaml")["Body"].read() == b"text"
    with pytest.raises(ClientError, match="AccessDenied"):
        client("s3", other).put_object(Bucket=bucket, Key="a/b.yaml", Body=b"")
    with pytest.raises(CfnError):
        buckets.read_template(url, "999999999999")


def test_the_expected_owner_is_checked(bucket: str, client: Any) -> None:
    s3 = client("s3")
    s3.put_object(Bucket=bucket, Key="k", Body=b"", ExpectedBucketOwner="111111111111")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket=bucket, Key="k", Body=b"", ExpectedBucketOwner="222222222222")
