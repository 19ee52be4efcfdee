"""Errors in our own words, a quota that is no throttle, pages to their end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse

from generator.errors import ToolError
from stacksets.client import QUOTA, Cloud, Refused, connect, pages, translated


class Body:
    """The raw body of an answer, as urllib3 would give it."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: object) -> Iterator[bytes]:
        yield self._content


def answering(cloud: Cloud, code: str) -> list[str]:
    """Make every CloudFormation request end with `code`; the list grows with each request that is sent."""
    sent: list[str] = []

    def answer(request: Any, **_: object) -> AWSResponse:
        sent.append(request.method)
        text = f"<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
        return AWSResponse(request.url, 400, {}, Body(text.encode()))

    cloud.client("cloudformation").meta.events.register("before-send.cloudformation", answer)
    return sent


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Cloud:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    keys = {"aws_access_key_id": "1", "aws_secret_access_key": "2"}
    return Cloud(boto3.Session(region_name="eu-west-1", **keys))


def test_a_quota_is_told_at_once_and_not_tried_again(cloud: Cloud) -> None:
    sent = answering(cloud, "LimitExceededException")
    with pytest.raises(Refused) as caught, translated("set"):
        cloud.client("cloudformation").list_stack_sets()
    assert (caught.value.code, caught.value.message, sent) == (QUOTA, f"set: no ({QUOTA})", ["POST"])
    assert caught.value.hint == "raise the quota in this account, or remove what is unused"
    assert cloud.calls == {"cloudformation:ListStackSets": 1}


def test_a_refusal_has_its_code_and_the_hint_of_the_place(cloud: Cloud) -> None:
    answering(cloud, "AccessDenied")
    with pytest.raises(Refused) as caught, translated("set", {"AccessDenied": "ask somebody"}):
        cloud.client("cloudformation").list_stack_sets()
    assert (caught.value.code, caught.value.message, caught.value.hint) == (
        "AccessDenied",
        "set: no (AccessDenied)",
        "ask somebody",
    )


@pytest.mark.usefixtures("cloud")
def test_without_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    with pytest.raises(ToolError) as caught:
        _ = connect(region="eu-west-1").account
    assert caught.value.message == "credentials: Unable to locate credentials"
    assert caught.value.hint == "sign in, or set AWS_PROFILE; to try it without an account: make demo"
    with pytest.raises(ToolError) as caught:
        _ = connect().region
    assert caught.value.message == "aws: no Region is set"
    with pytest.raises(ToolError) as caught:
        connect(profile="nobody")
    assert caught.value.message == "profile nobody: there is no such profile"
    with pytest.raises(ToolError) as caught:
        connect(region="not a region").client("sts")
    assert (
        caught.value.message
        == "sts in not a region: Provided region_name 'not a region' doesn't match a supported format."
    )


def test_pages_to_their_end_and_never_in_a_circle() -> None:
    answers = {None: {"Rows": [1, 2], "NextToken": "a"}, "a": {"NextToken": "b"}, "b": {"Rows": [3]}}

    def call(NextToken: str | None = None) -> Any:  # noqa: N803 - the API's own name
        return answers[NextToken]

    assert list(pages(call, "Rows")) == [1, 2, 3]
    assert list(pages(call, "Rows", 2)) == [1, 2]
    answers["b"] = {"NextToken": "b"}
    with pytest.raises(ToolError) as caught:
        list(pages(call, "Rows"))
    assert caught.value.message == "aws: Rows: the same page came twice"
