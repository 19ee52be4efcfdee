"""S3 buckets and their policies, KMS keys and aliases."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .. import naming
from ..errors import MissingError, ResourceError
from ..handler import Handler, Made, Task
from ..model import JSON
from ..principals import check_principals
from ..quotas import check_bucket_policy, check_key_policy
from ..services import translated

BUCKET_NAME_LIMIT = 63
DEFAULT_DELETION_DAYS = 30


def _create_bucket(task: Task) -> Made:
    scope = task.scope
    name = str(task.properties.get("BucketName") or naming.generated_name(scope, BUCKET_NAME_LIMIT, lower=True))
    if _owner(task, name) is not None:
        raise ResourceError(f"{name} already exists", "AlreadyExists")
    backend = task.backend("s3")
    translated(lambda: backend.create_bucket(name, scope.region), "S3")
    _set_bucket(task, name)
    return Made(name, {
        "Arn": f"arn:{scope.partition}:s3:::{name}",
        "DomainName": f"{name}.s3.{scope.url_suffix}",
        "RegionalDomainName": f"{name}.s3.{scope.region}.{scope.url_suffix}",
        "DualStackDomainName": f"{name}.s3.dualstack.{scope.region}.{scope.url_suffix}",
        "WebsiteURL": f"http://{name}.s3-website-{scope.region}.{scope.url_suffix}",
    })  # fmt: skip


def _owner(task: Task, name: str) -> str | None:
    """The account that has the bucket: names are global in a partition."""
    from moto.s3.models import s3_backends

    for account, partitions in list(s3_backends.items()):
        if name in partitions[task.scope.partition].buckets:
            return account
    return None


def _set_bucket(task: Task, name: str) -> None:
    backend, properties = task.backend("s3"), task.properties
    status = (properties.get("VersioningConfiguration") or {}).get("Status")
    if status or task.before.get("VersioningConfiguration"):
        backend.put_bucket_versioning(name, status or "Suspended")
    rules = (properties.get("BucketEncryption") or {}).get("ServerSideEncryptionConfiguration") or []
    if rules:
        backend.put_bucket_encryption(name, {"Rule": _encryption(rules[0])})
    _block_public(backend, name, properties.get("PublicAccessBlockConfiguration"))
    owners = (properties.get("OwnershipControls") or {}).get("Rules") or []
    if owners:
        backend.put_bucket_ownership_controls(name, {"Rule": {"ObjectOwnership": owners[0]["ObjectOwnership"]}})
    backend.delete_bucket_tagging(name)
    if task.scope.tags:
        backend.put_bucket_tagging(name, dict(task.scope.tags))


def _encryption(rule: Mapping[str, JSON]) -> dict[str, JSON]:
    default = rule.get("ServerSideEncryptionByDefault") or {}
    result: dict[str, JSON] = {"ApplyServerSideEncryptionByDefault": dict(default)}
    if "BucketKeyEnabled" in rule:
        result["BucketKeyEnabled"] = str(rule["BucketKeyEnabled"]).lower()
    return result


def _block_public(backend: Any, name: str, wanted: Mapping[str, JSON] | None) -> None:
    if wanted is None:
        backend.delete_public_access_block(name)
        return
    keys = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    backend.put_public_access_block(name, {key: str(bool(wanted.get(key, False))).lower() for key in keys})


def _update_bucket(task: Task) -> Made:
    _set_bucket(task, task.physical_id)
    return Made(task.physical_id, dict(task.old.attributes) if task.old else {})


def _delete_bucket(task: Task) -> None:
    backend, name = task.backend("s3"), task.physical_id
    translated(lambda: backend.get_bucket(name), "S3")
    if translated(lambda: backend.delete_bucket(name), "S3") is None:
        raise ResourceError(
            f'Resource handler returned message: "The bucket you tried to delete is not empty '
            f'(Service: S3, Status Code: 409)" (BucketName: {name}, HandlerErrorCode: GeneralServiceException)'
        )


def _put_policy(task: Task) -> Made:
    backend, bucket = task.backend("s3"), str(task.properties["Bucket"])
    document = task.properties["PolicyDocument"]
    text = document if isinstance(document, str) else json.dumps(document, separators=(",", ":"))
    check_bucket_policy(text)
    check_principals(document, "S3")
    try:
        translated(lambda: backend.put_bucket_policy(bucket, text.encode()), "S3")
    except MissingError as error:
        raise ResourceError(
            "The specified bucket does not exist (Service: S3, Status Code: 404)", "NotFound"
        ) from error
    return Made(bucket)


def _delete_policy(task: Task) -> None:
    translated(lambda: task.backend("s3").delete_bucket_policy(task.properties["Bucket"]), "S3")


def _create_key(task: Task) -> Made:
    backend, properties = task.backend("kms"), task.properties
    policy = _key_policy(properties)
    key = translated(
        lambda: backend.create_key(
            policy,
            properties.get("KeyUsage") or "ENCRYPT_DECRYPT",
            properties.get("KeySpec") or "SYMMETRIC_DEFAULT",
            properties.get("Description") or "",
            [{"TagKey": name, "TagValue": value} for name, value in task.scope.tags.items()],
            bool(properties.get("MultiRegion", False)),
        ),
        "Kms",
    )
    _set_key(task, key.id)
    return Made(key.id, {"Arn": key.arn, "KeyId": key.id})


def _key_policy(properties: Mapping[str, JSON]) -> str | None:
    policy = properties.get("KeyPolicy")
    if policy is None:
        return None
    text = policy if isinstance(policy, str) else json.dumps(policy, separators=(",", ":"))
    check_key_policy(text)
    check_principals(policy, "Kms")
    return text


def _set_key(task: Task, key_id: str) -> None:
    backend, properties = task.backend("kms"), task.properties
    rotate = backend.enable_key_rotation if properties.get("EnableKeyRotation") else backend.disable_key_rotation
    translated(lambda: rotate(key_id), "Kms")
    switch = backend.enable_key if properties.get("Enabled", True) else backend.disable_key
    translated(lambda: switch(key_id), "Kms")


def _update_key(task: Task) -> Made:
    backend, properties, key_id = task.backend("kms"), task.properties, task.physical_id
    policy = _key_policy(properties)
    if policy:
        translated(lambda: backend.put_key_policy(key_id, policy), "Kms")
    translated(lambda: backend.update_key_description(key_id, properties.get("Description") or ""), "Kms")
    _set_key(task, key_id)
    old = task.old.tags if task.old else {}
    backend.untag_resource(key_id, [name for name in old if name not in task.scope.tags])
    backend.tag_resource(key_id, dict(task.scope.tags))
    return Made(key_id, dict(task.old.attributes) if task.old else {})


def _delete_key(task: Task) -> None:
    backend, key_id = task.backend("kms"), task.physical_id
    if key_id not in backend.keys:
        raise MissingError(f"Key {key_id} does not exist", "NotFound")
    days = int(task.properties.get("PendingWindowInDays", DEFAULT_DELETION_DAYS))
    backend.schedule_key_deletion(key_id, days)


def _create_alias(task: Task) -> Made:
    backend, name = task.backend("kms"), str(task.properties["AliasName"])
    if any(name in key.aliases for key in backend.keys.values()):
        raise ResourceError(f"{name} already exists", "AlreadyExists")
    target = backend.get_key_id(task.properties["TargetKeyId"])
    if target not in backend.keys:
        raise ResourceError(f"Key '{target}' does not exist (Service: Kms, Status Code: 400)", "NotFound")
    translated(lambda: backend.create_alias(target, name), "Kms")
    return Made(name)


def _update_alias(task: Task) -> Made:
    translated(lambda: task.backend("kms").update_alias(task.properties["TargetKeyId"], task.physical_id), "Kms")
    return Made(task.physical_id)


def _delete_alias(task: Task) -> None:
    translated(lambda: task.backend("kms").delete_alias(task.physical_id), "Kms")


HANDLERS: Mapping[str, Handler] = {
    "AWS::S3::Bucket": Handler(_create_bucket, _delete_bucket, _update_bucket),
    "AWS::S3::BucketPolicy": Handler(_put_policy, _delete_policy, _put_policy),
    "AWS::KMS::Key": Handler(_create_key, _delete_key, _update_key),
    "AWS::KMS::Alias": Handler(_create_alias, _delete_alias, _update_alias),
}
