"""ARNs, addresses and principals that hold in every partition."""

from __future__ import annotations

from typing import Any

from troposphere import Ref, Sub

PARTITION = Ref("AWS::Partition")
ACCOUNT = Ref("AWS::AccountId")
REGION = Ref("AWS::Region")


def arn(service: str, resource: str, *, region: str = "${AWS::Region}", account: str = "${AWS::AccountId}") -> Sub:
    """`arn:<partition>:<service>:<region>:<account>:<resource>`; `resource` may hold ${Variables} of the template."""
    return Sub(f"arn:${{AWS::Partition}}:{service}:{region}:{account}:{resource}")


def role_arn(name: str, *, account: str = "${AWS::AccountId}") -> Sub:
    """The ARN of a role by name (with its path if it has one)."""
    return arn("iam", f"role/{name}", region="", account=account)


def managed_policy_arn(name: str) -> Sub:
    """The ARN of a policy that AWS manages."""
    return arn("iam", f"policy/{name}", region="", account="aws")


def bucket_arn(bucket: str) -> Sub:
    """The ARN of a bucket; `bucket` is a name or a `${Variable}`."""
    return arn("s3", bucket, region="", account="")


def objects_arn(bucket: str, pattern: str = "*") -> Sub:
    """The ARN of the objects of a bucket whose keys match `pattern`."""
    return arn("s3", f"{bucket}/{pattern}", region="", account="")


def root_arn(account: str = "${AWS::AccountId}") -> Sub:
    """The account itself as a principal."""
    return arn("iam", "root", region="", account=account)


def s3_url(bucket: str, region: str, key: str) -> Sub:
    """A virtual-hosted https address of an object, in the partition's own domain."""
    return Sub(f"https://{bucket}.s3.{region}.${{AWS::URLSuffix}}/{key}")


def service(name: str) -> str:
    """A service principal. IAM accepts this spelling in all partitions for the services that we name."""
    return f"{name}.amazonaws.com"


def joined(separator: str, *parts: Any) -> Any:
    """Join as plain data; prefer Sub where all parts are names."""
    return {"Fn::Join": [separator, list(parts)]}
