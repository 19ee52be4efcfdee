"""IAM roles as they stand in moto's backends, read for the evaluation of trust and permissions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from moto.iam.models import iam_backends

# Organizations makes it in each account that it creates, with AdministratorAccess (Organizations User Guide, "Accessing
# member accounts"); moto makes it without a policy.
_ACCESS_ROLE = "OrganizationAccountAccessRole"
_ADMINISTRATOR = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@dataclass(frozen=True)
class Role:
    """One role; its documents are read afresh at each use, since a stack may change them meanwhile."""

    account: str
    name: str
    arn: str
    id: str

    @property
    def trust(self) -> dict[str, Any]:
        role = _stored(self.account, self.name)
        return _document(role.assume_role_policy_document) if role is not None else {}

    def policies(self) -> list[dict[str, Any]]:
        """The inline and attached policies' documents; empty when the role is gone."""
        role = _stored(self.account, self.name)
        if role is None:
            return []
        inline = [_document(text) for text in role.policies.values()]
        attached = [_attached(arn, policy) for arn, policy in role.managed_policies.items()]
        return inline + attached + [_ADMINISTRATOR] * (self.name == _ACCESS_ROLE)

    def boundary(self) -> dict[str, Any] | None:
        """The document of the role's boundary; None without one, and a document that allows nothing when it is gone."""
        role = _stored(self.account, self.name)
        arn = role.permissions_boundary_arn if role is not None else None
        if not arn:
            return None
        policy = iam_backends[self.account]["aws"].managed_policies.get(arn)
        return {"Statement": []} if policy is None else _attached(arn, policy)


def find_role(arn: str) -> Role | None:
    """The role of an ARN `arn:aws:iam::<account>:role/<path><name>`, or None."""
    parts = arn.split(":", 5)
    if len(parts) != 6 or not parts[5].startswith("role/"):
        return None
    role = role_named(parts[4], parts[5].rsplit("/", 1)[-1])
    return role if role is not None and role.arn == arn else None


def role_named(account: str, name: str) -> Role | None:
    """The role of that name in the account, or None."""
    stored = _stored(account, name)
    return None if stored is None else Role(account, name, stored.arn, stored.id)


def _stored(account: str, name: str) -> Any:
    if account not in iam_backends:
        return None
    roles = iam_backends[account]["aws"].roles
    return next((role for role in list(roles.values()) if role.name == name), None)


def _document(text: Any) -> dict[str, Any]:
    loaded = json.loads(unquote(text)) if isinstance(text, str) and text.startswith("%") else text
    return json.loads(loaded) if isinstance(loaded, str) else dict(loaded)


def _attached(arn: str, policy: Any) -> dict[str, Any]:
    if arn.endswith(":policy/AdministratorAccess"):
        return _ADMINISTRATOR
    return _document(next(version.document for version in policy.versions if version.is_default))
