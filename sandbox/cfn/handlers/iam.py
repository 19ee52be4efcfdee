"""IAM roles, policies and instance profiles."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from .. import naming
from ..errors import MissingError, ResourceError
from ..handler import Handler, Made, Task, tag_list
from ..model import JSON
from ..principals import check_principals
from ..quotas import check_attached, check_inline, check_policy
from ..services import translated

NAME_LIMITS = {"roleName": 64, "policyName": 128, "instanceProfileName": 128}


def document(value: JSON) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _call(call: Callable[[], Any], physical_id: str = "") -> Any:
    """The call's result; its error names what exists already, so that a rollback deletes it."""
    try:
        return translated(call, "Iam")
    except MissingError as error:
        raise ResourceError(error.reason, error.code, physical_id) from error
    except ResourceError as error:
        raise ResourceError(error.reason, error.code, physical_id) from error


def _name(task: Task, given: str, field: str) -> str:
    limit = NAME_LIMITS[field]
    name = str(task.properties.get(given) or naming.generated_name(task.scope, limit))
    if len(name) > limit:
        raise ResourceError(
            f"1 validation error detected: Value '{name}' at '{field}' failed to satisfy constraint: "
            f"Member must have length less than or equal to {limit}",
            "InvalidRequest",
        )
    return name


def attach(task: Task, role: str, arn: str) -> None:
    from sandbox.aws_policies import make_known

    backend = task.backend("iam")
    make_known(backend, arn)
    _call(lambda: backend.attach_role_policy(arn, role), role)


def _create_role(task: Task) -> Made:
    backend, properties = task.backend("iam"), task.properties
    name = _name(task, "RoleName", "roleName")
    _check_role(task, name)
    role = _call(
        lambda: backend.create_role(
            role_name=name,
            assume_role_policy_document=document(properties["AssumeRolePolicyDocument"]),
            path=properties.get("Path") or "/",
            permissions_boundary=properties.get("PermissionsBoundary"),
            description=properties.get("Description") or "",
            tags=tag_list(task.scope.tags),
            max_session_duration=str(properties.get("MaxSessionDuration", 3600)),
        )
    )
    _fill_role(task, name, {}, set())
    return Made(name, {"Arn": role.arn, "RoleId": role.id})


def _check_role(task: Task, name: str) -> None:
    """What IAM refuses and moto does not: sizes, unknown principals, a boundary that does not exist."""
    properties = task.properties
    trust = document(properties["AssumeRolePolicyDocument"])
    check_policy("trust_policy_characters", trust)
    check_principals(trust, "Iam")
    check_inline(name, list(_inline(properties).values()))
    check_attached(len(properties.get("ManagedPolicyArns") or ()))
    boundary = properties.get("PermissionsBoundary")
    if boundary and ":iam::aws:policy/" not in boundary and boundary not in task.backend("iam").managed_policies:
        raise ResourceError(
            f'Resource handler returned message: "Scope ARN: {boundary} does not exist or is not attachable. '
            '(Service: Iam, Status Code: 404)" (HandlerErrorCode: NotFound)',
            "NotFound",
        )


def _inline(properties: Mapping[str, JSON]) -> dict[str, str]:
    return {item["PolicyName"]: document(item["PolicyDocument"]) for item in properties.get("Policies") or ()}


def _fill_role(task: Task, name: str, inline_before: Mapping[str, str], attached_before: set[str]) -> None:
    """Bring inline and attached policies from what the stack put there to what it wants."""
    backend = task.backend("iam")
    inline, attached = _inline(task.properties), set(task.properties.get("ManagedPolicyArns") or ())
    for policy in inline_before.keys() - inline.keys():
        backend.delete_role_policy(name, policy)
    for policy, text in inline.items():
        if inline_before.get(policy) != text:
            _call(partial(backend.put_role_policy, name, policy, text), name)
    for arn in sorted(attached_before - attached):
        backend.detach_role_policy(arn, name)
    for arn in sorted(attached - attached_before):
        attach(task, name, arn)


def _update_role(task: Task) -> Made:
    backend, properties, name = task.backend("iam"), task.properties, task.physical_id
    _check_role(task, name)
    _call(lambda: backend.update_assume_role_policy(name, document(properties["AssumeRolePolicyDocument"])))
    duration = str(properties.get("MaxSessionDuration", 3600))
    _call(lambda: backend.update_role(name, properties.get("Description") or "", duration))
    boundary = properties.get("PermissionsBoundary")
    if boundary:
        _call(lambda: backend.put_role_permissions_boundary(name, boundary))
    elif task.before.get("PermissionsBoundary"):
        _call(lambda: backend.delete_role_permissions_boundary(name))
    _fill_role(task, name, _inline(task.before), set(task.before.get("ManagedPolicyArns") or ()))
    old = task.old.tags if task.old else {}
    backend.untag_role(name, [key for key in old if key not in task.scope.tags])
    backend.tag_role(name, tag_list(task.scope.tags))
    role = backend.get_role(name)
    return Made(name, {"Arn": role.arn, "RoleId": role.id})


def _delete_role(task: Task) -> None:
    backend, name = task.backend("iam"), task.physical_id
    role = translated(lambda: backend.get_role(name), "Iam")
    for policy in _inline(task.properties).keys() & set(role.policies):
        backend.delete_role_policy(name, policy)
    for arn in task.properties.get("ManagedPolicyArns") or ():
        if arn in role.managed_policies:
            backend.detach_role_policy(arn, name)
    translated(lambda: backend.delete_role(name), "Iam")


def _create_managed_policy(task: Task) -> Made:
    backend, properties = task.backend("iam"), task.properties
    name = _name(task, "ManagedPolicyName", "policyName")
    check_policy("managed_policy_characters", document(properties["PolicyDocument"]))
    policy = _call(
        lambda: backend.create_policy(
            properties.get("Description") or "",
            properties.get("Path") or "/",
            document(properties["PolicyDocument"]),
            name,
            tag_list(task.scope.tags),
        )
    )
    for role in properties.get("Roles") or ():
        _call(partial(backend.attach_role_policy, policy.arn, role), policy.arn)
    return _policy_made(policy)


def _policy_made(policy: Any) -> Made:
    return Made(
        policy.arn, {"PolicyArn": policy.arn, "PolicyId": policy.id, "DefaultVersionId": policy.default_version_id}
    )


def _update_managed_policy(task: Task) -> Made:
    backend, arn = task.backend("iam"), task.physical_id
    if task.before.get("PolicyDocument") != task.properties["PolicyDocument"]:
        check_policy("managed_policy_characters", document(task.properties["PolicyDocument"]))
        versions = backend.list_policy_versions(arn)
        if len(versions) >= 5:
            oldest = next(version for version in versions if not version.is_default)
            backend.delete_policy_version(arn, oldest.version_id)
        _call(lambda: backend.create_policy_version(arn, document(task.properties["PolicyDocument"]), True))
    before, after = set(task.before.get("Roles") or ()), set(task.properties.get("Roles") or ())
    for role in sorted(before - after):
        backend.detach_role_policy(arn, role)
    for role in sorted(after - before):
        _call(partial(backend.attach_role_policy, arn, role))
    return _policy_made(backend.get_policy(arn))


def _delete_managed_policy(task: Task) -> None:
    backend, arn = task.backend("iam"), task.physical_id
    policy = translated(lambda: backend.get_policy(arn), "Iam")
    for role in task.properties.get("Roles") or ():
        if any(found.name == role and arn in found.managed_policies for found in backend.get_roles()):
            backend.detach_role_policy(arn, role)
    if policy.attachment_count:
        raise ResourceError(
            "Cannot delete a policy attached to entities. (Service: Iam, Status Code: 409)", "InvalidRequest"
        )
    translated(lambda: backend.delete_policy(arn), "Iam")


def _create_policy(task: Task) -> Made:
    name = str(task.properties["PolicyName"])
    for role in task.properties.get("Roles") or ():
        _put(task, role)
    return Made(name)


def _put(task: Task, role: str) -> None:
    backend, text = task.backend("iam"), document(task.properties["PolicyDocument"])
    _call(
        lambda: backend.put_role_policy(role, task.properties["PolicyName"], text), str(task.properties["PolicyName"])
    )


def _update_policy(task: Task) -> Made:
    made = _create_policy(task)
    renamed = task.before.get("PolicyName") != task.properties["PolicyName"]
    kept = set() if renamed else set(task.properties.get("Roles") or ())
    _remove(task, task.before, set(task.before.get("Roles") or ()) - kept)
    return made


def _remove(task: Task, properties: Mapping[str, JSON], roles: set[str]) -> None:
    backend = task.backend("iam")
    present = {role.name: role for role in backend.get_roles()}
    for role in sorted(roles & present.keys()):
        if properties["PolicyName"] in present[role].policies:
            backend.delete_role_policy(role, properties["PolicyName"])


def _delete_policy(task: Task) -> None:
    _remove(task, task.properties, set(task.properties.get("Roles") or ()))


def _create_profile(task: Task) -> Made:
    backend = task.backend("iam")
    name = _name(task, "InstanceProfileName", "instanceProfileName")
    path = task.properties.get("Path") or "/"
    profile = _call(lambda: backend.create_instance_profile(name, path, list(task.properties["Roles"])))
    return Made(name, {"Arn": profile.arn})


def _update_profile(task: Task) -> Made:
    backend, name = task.backend("iam"), task.physical_id
    for role in task.before.get("Roles") or ():
        backend.remove_role_from_instance_profile(name, role)
    for role in task.properties["Roles"]:
        _call(partial(backend.add_role_to_instance_profile, name, role))
    return Made(name, dict(task.old.attributes) if task.old else {})


def _delete_profile(task: Task) -> None:
    backend = task.backend("iam")
    translated(lambda: backend.delete_instance_profile(task.physical_id, ignore_attached_roles=True), "Iam")


HANDLERS: Mapping[str, Handler] = {
    "AWS::IAM::Role": Handler(_create_role, _delete_role, _update_role),
    "AWS::IAM::ManagedPolicy": Handler(_create_managed_policy, _delete_managed_policy, _update_managed_policy),
    "AWS::IAM::Policy": Handler(_create_policy, _delete_policy, _update_policy),
    "AWS::IAM::InstanceProfile": Handler(_create_profile, _delete_profile, _update_profile),
}
