"""A release that every template can be rendered with."""

from __future__ import annotations

from typing import Any

from generator.cfn import arns
from generator.cfn.stack import Stack

DIGEST = "0123456789abcdef"


class FakeRelease:
    """Addresses of a release in `my-bucket` in eu-west-1, all with the same digest."""

    bucket = "my-bucket"
    prefix = "sagemaker-mlops"

    def __init__(self, region: str = "eu-west-1") -> None:
        self.region = region

    def template_url(self, child: type[Stack]) -> Any:
        return arns.s3_url(self.bucket, self.region, self.template_key(child))

    def template_key(self, child: type[Stack]) -> str:
        return f"{self.prefix}/templates/{DIGEST}/{child.FILE}"

    def digest(self, child: type[Stack]) -> str:  # noqa: ARG002 - the interface's name
        return DIGEST

    def function_code(self, name: str) -> tuple[str, str]:
        return self.bucket, f"{self.prefix}/functions/{DIGEST}/{name}.zip"

    def function_digest(self, name: str) -> str:  # noqa: ARG002 - the interface's name
        return DIGEST
