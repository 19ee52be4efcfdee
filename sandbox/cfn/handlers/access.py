"""EC2 traffic: security groups and their rules, VPC endpoints and flow logs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial

from .. import naming
from ..errors import ResourceError
from ..handler import Handler, Made, Task, unchanged
from ..model import JSON
from .vpc import call, ec2, in_use, retagged, tagged


def _rule(rule: Mapping[str, JSON]) -> dict[str, JSON]:
    """A rule's properties as moto's authorize and revoke calls take them."""
    ranges = [{"CidrIp": rule["CidrIp"]}] if rule.get("CidrIp") else []
    ranges += [{"CidrIpv6": rule["CidrIpv6"]}] if rule.get("CidrIpv6") else []
    if rule.get("Description"):
        ranges = [{**item, "Description": rule["Description"]} for item in ranges]
    group = rule.get("SourceSecurityGroupId") or rule.get("DestinationSecurityGroupId")
    prefix = rule.get("SourcePrefixListId") or rule.get("DestinationPrefixListId")
    return {
        "ip_protocol": str(rule["IpProtocol"]),
        "from_port": rule.get("FromPort"),
        "to_port": rule.get("ToPort"),
        "ip_ranges": ranges,
        "source_groups": [{"GroupId": group}] if group else [],
        "prefix_list_ids": [{"PrefixListId": prefix}] if prefix else [],
    }


def _create_group(task: Task) -> Made:
    backend, properties = ec2(task), task.properties
    name = str(properties.get("GroupName") or naming.generated_name(task.scope))
    vpc = properties.get("VpcId")
    group = call(lambda: backend.create_security_group(name, properties["GroupDescription"], vpc))
    tagged(task, group.id)
    try:
        _set_rules(task, group.id, {})
    except ResourceError as error:
        raise ResourceError(error.reason, error.code, group.id) from error
    return Made(group.id, {"GroupId": group.id, "Id": group.id, "VpcId": vpc or "", "GroupName": name})


def _set_rules(task: Task, group_id: str, before: Mapping[str, JSON]) -> None:
    backend = ec2(task)
    was, now = (side.get("SecurityGroupEgress") for side in (before, task.properties))
    if bool(was) != bool(now):
        everywhere = {"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}
        change = backend.revoke_security_group_egress if now else backend.authorize_security_group_egress
        call(lambda: change(group_id, **_rule(everywhere)))
    for key, add, remove in (
        ("SecurityGroupIngress", backend.authorize_security_group_ingress, backend.revoke_security_group_ingress),
        ("SecurityGroupEgress", backend.authorize_security_group_egress, backend.revoke_security_group_egress),
    ):
        old, new = before.get(key) or [], task.properties.get(key) or []
        for rule in [rule for rule in old if rule not in new]:
            call(partial(remove, group_id, **_rule(rule)))
        for rule in [rule for rule in new if rule not in old]:
            call(partial(add, group_id, **_rule(rule)))


def _update_group(task: Task) -> Made:
    _set_rules(task, task.physical_id, task.before)
    return retagged(task)


def _delete_group(task: Task) -> None:
    backend, group_id = ec2(task), task.physical_id
    used = any(group_id in interface.group_set for interface in backend.enis.values() if interface.group_set)
    endpoints = any(group_id in (item.security_group_ids or ()) for item in backend.vpc_end_points.values())
    others = [group for groups in backend.groups.values() for group in groups.values() if group.id != group_id]
    named = any(
        source.get("GroupId") == group_id
        for group in others
        for rule in [*group.ingress_rules, *group.egress_rules]
        for source in ([rule.source_group] if getattr(rule, "source_group", None) else [])
    )
    if used or endpoints or named:
        raise in_use("resource", group_id)
    call(lambda: backend.delete_security_group(group_id=group_id))


def _create_ingress(task: Task) -> Made:
    rules, _ = call(
        lambda: ec2(task).authorize_security_group_ingress(task.properties["GroupId"], **_rule(task.properties))
    )
    return Made(rules[0].id, {"Id": rules[0].id})


def _delete_ingress(task: Task) -> None:
    call(lambda: ec2(task).revoke_security_group_ingress(task.properties["GroupId"], **_rule(task.properties)))


def _create_egress(task: Task) -> Made:
    rules, _ = call(
        lambda: ec2(task).authorize_security_group_egress(task.properties["GroupId"], **_rule(task.properties))
    )
    return Made(rules[0].id, {"Id": rules[0].id})


def _delete_egress(task: Task) -> None:
    call(lambda: ec2(task).revoke_security_group_egress(task.properties["GroupId"], **_rule(task.properties)))


def _policy(task: Task) -> str | None:
    document = task.properties.get("PolicyDocument")
    return json.dumps(document) if isinstance(document, dict) else document


def _create_endpoint(task: Task) -> Made:
    properties = task.properties
    for group_id in properties.get("SecurityGroupIds") or ():
        if call(partial(ec2(task).get_security_group_from_id, group_id)) is None:
            raise ResourceError(f"The security group '{group_id}' does not exist", "NotFound")
    endpoint = call(
        lambda: ec2(task).create_vpc_endpoint(
            properties["VpcId"],
            properties["ServiceName"],
            properties.get("VpcEndpointType") or "Gateway",
            _policy(task),
            list(properties.get("RouteTableIds") or ()),
            list(properties.get("SubnetIds") or ()),
            security_group_ids=list(properties.get("SecurityGroupIds") or ()),
            private_dns_enabled=bool(properties.get("PrivateDnsEnabled", False)),
        )
    )
    tagged(task, endpoint.id)
    names = [f"{entry['hosted_zone_id']}:{entry['dns_name']}" for entry in endpoint.dns_entries or ()]
    return Made(endpoint.id, {
        "Id": endpoint.id, "DnsEntries": names, "NetworkInterfaceIds": list(endpoint.network_interface_ids or ()),
        "CreationTimestamp": task.registry.hooks.now().isoformat(),
    })  # fmt: skip


def _update_endpoint(task: Task) -> Made:
    def moved(key: str) -> tuple[list[str], list[str]]:
        before, after = task.before.get(key) or [], task.properties.get(key) or []
        return [item for item in after if item not in before], [item for item in before if item not in after]

    add_subnets, remove_subnets = moved("SubnetIds")
    add_tables, remove_tables = moved("RouteTableIds")
    add_groups, remove_groups = moved("SecurityGroupIds")
    call(
        lambda: ec2(task).modify_vpc_endpoint(
            task.physical_id,
            _policy(task),
            add_subnets,
            remove_subnets,
            remove_tables,
            add_tables,
            add_groups,
            remove_groups,
        )
    )
    return retagged(task)


def _delete_endpoint(task: Task) -> None:
    """moto only marks an endpoint as deleted, and fails on a gateway's routes; here it is gone with what it made."""
    backend = ec2(task)
    endpoint = backend.vpc_end_points.pop(task.physical_id, None)
    if endpoint is None:
        return
    for interface in endpoint.network_interface_ids or ():
        backend.enis.pop(interface, None)
    for table in endpoint.route_table_ids or ():
        if table in backend.route_tables:
            routes = backend.route_tables[table]._routes
            for key in [key for key, route in routes.items() if route.gateway is endpoint]:
                del routes[key]


def _create_flow_log(task: Task) -> Made:
    properties = task.properties
    made, failed = call(
        lambda: ec2(task).create_flow_logs(
            properties["ResourceType"],
            [properties["ResourceId"]],
            properties.get("TrafficType"),
            properties.get("DeliverLogsPermissionArn"),
            properties.get("LogDestinationType"),
            properties.get("LogDestination"),
            properties.get("LogGroupName"),
            properties.get("LogFormat"),
            properties.get("MaxAggregationInterval"),
        )
    )
    if failed:
        raise ResourceError(str(failed[0][2]), "InvalidRequest")
    tagged(task, made[0].id)
    return Made(made[0].id, {"Id": made[0].id})


def _delete_flow_log(task: Task) -> None:
    call(lambda: ec2(task).delete_flow_logs([task.physical_id]))


def _retagged_rule(task: Task) -> Made:
    return unchanged(task)


HANDLERS: Mapping[str, Handler] = {
    "AWS::EC2::SecurityGroup": Handler(_create_group, _delete_group, _update_group),
    "AWS::EC2::SecurityGroupIngress": Handler(_create_ingress, _delete_ingress, _retagged_rule),
    "AWS::EC2::SecurityGroupEgress": Handler(_create_egress, _delete_egress, _retagged_rule),
    "AWS::EC2::VPCEndpoint": Handler(_create_endpoint, _delete_endpoint, _update_endpoint),
    "AWS::EC2::FlowLog": Handler(_create_flow_log, _delete_flow_log, retagged),
}
