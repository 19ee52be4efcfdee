"""What EC2 refuses and moto does not: deleting a security group that an interface has or another group's rule names."""

from __future__ import annotations

from moto.ec2.models import ec2_backends

from sandbox.api.errors import AwsError
from sandbox.api.request import Call


def refuse_in_use(call: Call) -> None:
    """DependencyViolation, as of DeleteSecurityGroup."""
    backend, group = ec2_backends[call.account][call.region], call.params.get("GroupId", "")
    others = [one for groups in backend.groups.values() for one in groups.values() if one.id != group]
    rules = (rule for one in others for rule in (*one.ingress_rules, *one.egress_rules))
    named = any((rule.source_group or {}).get("GroupId") == group for rule in rules)
    held = any(group in (one.id for one in interface.group_set) for interface in backend.enis.values())
    if named or held:
        raise AwsError("DependencyViolation", f"resource {group} has a dependent object")
