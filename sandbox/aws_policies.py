"""AWS's own managed policies: moto ships 1,300 of them; an account gets one when something there attaches it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, IAMBackend


@lru_cache(maxsize=1)
def _all() -> Mapping[str, Any]:
    return dict(json.loads(aws_managed_policies_data))


def make_known(backend: IAMBackend, arn: str) -> None:
    """Put the policy into the account if it is one of AWS's; any other ARN changes nothing."""
    if ":iam::aws:policy/" not in arn or arn in backend.managed_policies:
        return
    name = arn.rsplit("/", 1)[-1]
    found = _all().get(name)
    if found is not None:
        policy = AWSManagedPolicy.from_data(name, backend.account_id, backend.region_name, found)
        backend.managed_policies[policy.arn] = policy
