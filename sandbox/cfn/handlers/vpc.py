"""EC2 networks: VPCs, subnets, routes, gateways, addresses and DHCP options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..errors import ResourceError
from ..handler import Handler, Made, Task, unchanged
from ..model import JSON
from ..services import translated

SERVICE = "Ec2"
ROUTE_TARGETS: Mapping[str, str] = {
    "GatewayId": "gateway_id",
    "NatGatewayId": "nat_gateway_id",
    "InstanceId": "instance_id",
    "TransitGatewayId": "transit_gateway_id",
    "NetworkInterfaceId": "interface_id",
    "VpcPeeringConnectionId": "vpc_peering_connection_id",
    "EgressOnlyInternetGatewayId": "egress_only_igw_id",
    "CarrierGatewayId": "carrier_gateway_id",
    "VpcEndpointId": "vpc_endpoint_id",
}


def ec2(task: Task) -> Any:
    return task.backend("ec2")


def call(work: Callable[[], Any]) -> Any:
    return translated(work, SERVICE)


def tagged(task: Task, resource_id: str) -> None:
    """Bring the tags from what the resource had to the scope's."""
    backend, old = ec2(task), task.old.tags if task.old else {}
    gone = {key: value for key, value in old.items() if key not in task.scope.tags}
    if gone:
        backend.delete_tags([resource_id], gone)
    if task.scope.tags:
        backend.create_tags([resource_id], dict(task.scope.tags))


def in_use(what: str, resource_id: str) -> ResourceError:
    return ResourceError(
        f"Resource handler returned message: \"The {what} '{resource_id}' has dependencies and cannot be deleted. "
        '(Service: Ec2, Status Code: 400)" (HandlerErrorCode: InvalidRequest)',
        "InvalidRequest",
    )


def retagged(task: Task) -> Made:
    tagged(task, str(task.physical_id))
    return unchanged(task)


def _create_vpc(task: Task) -> Made:
    backend, properties = ec2(task), task.properties
    block = properties.get("CidrBlock")
    vpc = call(lambda: backend.create_vpc(block, properties.get("InstanceTenancy") or "default"))
    tagged(task, vpc.id)
    _set_vpc(task, vpc.id)
    group = backend.get_security_group_by_name_or_id("default", vpc_id=vpc.id)
    acl = next((acl.id for acl in backend.network_acls.values() if acl.vpc_id == vpc.id and acl.default), "")
    return Made(vpc.id, {
        "VpcId": vpc.id, "CidrBlock": block, "DefaultNetworkAcl": acl,
        "DefaultSecurityGroup": group.id if group else "",
        "CidrBlockAssociations": list(vpc.cidr_block_association_set), "Ipv6CidrBlocks": [],
    })  # fmt: skip


def _set_vpc(task: Task, vpc_id: str) -> None:
    properties = task.properties
    ec2(task).modify_vpc_attribute(vpc_id, "enable_dns_support", properties.get("EnableDnsSupport", True))
    ec2(task).modify_vpc_attribute(vpc_id, "enable_dns_hostnames", properties.get("EnableDnsHostnames", False))


def _update_vpc(task: Task) -> Made:
    _set_vpc(task, task.physical_id)
    return retagged(task)


def _delete_vpc(task: Task) -> None:
    backend, vpc_id = ec2(task), task.physical_id
    call(lambda: backend.get_vpc(vpc_id))
    attached = any(gateway.vpc and gateway.vpc.id == vpc_id for gateway in backend.internet_gateways.values())
    groups = [group for group in backend.groups[vpc_id].values() if group.name != "default"]
    endpoints = any(item.vpc_id == vpc_id and item.state != "deleted" for item in backend.vpc_end_points.values())
    if attached or groups or endpoints:
        raise in_use("vpc", vpc_id)
    call(lambda: backend.delete_vpc(vpc_id))


def _create_subnet(task: Task) -> Made:
    backend, properties = ec2(task), task.properties
    zone, zone_id = properties.get("AvailabilityZone"), properties.get("AvailabilityZoneId")
    if not zone and not zone_id:
        zone = f"{task.scope.region}a"
    subnet = call(
        lambda: backend.create_subnet(
            properties["VpcId"], properties.get("CidrBlock"), properties.get("Ipv6CidrBlock"), zone, zone_id
        )
    )
    tagged(task, subnet.id)
    _set_subnet(task, subnet.id)
    return Made(subnet.id, {
        "SubnetId": subnet.id, "VpcId": subnet.vpc_id, "CidrBlock": subnet.cidr_block,
        "AvailabilityZone": subnet.availability_zone, "AvailabilityZoneId": subnet.availability_zone_id,
    })  # fmt: skip


def _set_subnet(task: Task, subnet_id: str) -> None:
    public = bool(task.properties.get("MapPublicIpOnLaunch", False))
    ec2(task).modify_subnet_attribute(subnet_id, "map_public_ip_on_launch", public)


def _update_subnet(task: Task) -> Made:
    _set_subnet(task, task.physical_id)
    return retagged(task)


def _delete_subnet(task: Task) -> None:
    backend, subnet_id = ec2(task), task.physical_id
    call(lambda: backend.get_subnet(subnet_id))
    if any(interface.subnet.id == subnet_id for interface in backend.enis.values()):
        raise in_use("subnet", subnet_id)
    call(lambda: backend.delete_subnet(subnet_id))


def _create_route_table(task: Task) -> Made:
    table = call(lambda: ec2(task).create_route_table(task.properties["VpcId"]))
    tagged(task, table.id)
    return Made(table.id, {"RouteTableId": table.id})


def _create_association(task: Task) -> Made:
    properties = task.properties
    made = call(lambda: ec2(task).associate_route_table(properties["RouteTableId"], subnet_id=properties["SubnetId"]))
    return Made(made, {"Id": made})


def _destination(properties: Mapping[str, JSON]) -> dict[str, JSON]:
    return {
        "destination_cidr_block": properties.get("DestinationCidrBlock"),
        "destination_ipv6_cidr_block": properties.get("DestinationIpv6CidrBlock"),
        "destination_prefix_list_id": properties.get("DestinationPrefixListId"),
    }


def _create_route(task: Task) -> Made:
    properties, destination = task.properties, _destination(task.properties)
    targets = {ours: properties[theirs] for theirs, ours in ROUTE_TARGETS.items() if properties.get(theirs)}
    table = properties["RouteTableId"]
    call(lambda: ec2(task).create_route(table, **destination, **targets))
    block = next((value for value in destination.values() if value), "")
    return Made(f"{table}|{block}", {"CidrBlock": block})


def _update_route(task: Task) -> Made:
    _delete_route(task)
    return _create_route(task)


def _delete_route(task: Task) -> None:
    call(lambda: ec2(task).delete_route(task.properties["RouteTableId"], **_destination(task.properties)))


def _create_gateway(task: Task) -> Made:
    gateway = call(lambda: ec2(task).create_internet_gateway())
    tagged(task, gateway.id)
    return Made(gateway.id, {"InternetGatewayId": gateway.id})


def _attach_gateway(task: Task) -> Made:
    gateway, vpc = task.properties.get("InternetGatewayId"), task.properties["VpcId"]
    if gateway:
        call(lambda: ec2(task).attach_internet_gateway(gateway, vpc))
    return Made(f"{'IGW' if gateway else 'VGW'}|{vpc}")


def _detach_gateway(task: Task) -> None:
    gateway = task.properties.get("InternetGatewayId")
    if gateway:
        call(lambda: ec2(task).detach_internet_gateway(gateway, task.properties["VpcId"]))


def _create_address(task: Task) -> Made:
    address = call(lambda: ec2(task).allocate_address(task.properties.get("Domain") or "vpc"))
    tagged(task, address.allocation_id)
    return Made(address.public_ip, {"AllocationId": address.allocation_id, "PublicIp": address.public_ip})


def _update_address(task: Task) -> Made:
    made = unchanged(task)
    tagged(task, str(made.attributes["AllocationId"]))
    return made


def _delete_address(task: Task) -> None:
    allocation = unchanged(task).attributes["AllocationId"]
    call(lambda: ec2(task).release_address(allocation_id=allocation))


def _create_nat(task: Task) -> Made:
    properties = task.properties
    allocation = properties.get("AllocationId")
    kind = properties.get("ConnectivityType") or "public"
    if allocation:
        call(lambda: ec2(task).address_by_allocation([allocation]))
    call(lambda: ec2(task).get_subnet(properties["SubnetId"]))
    gateway = call(lambda: ec2(task).create_nat_gateway(properties["SubnetId"], allocation, connectivity_type=kind))
    tagged(task, gateway.id)
    return Made(gateway.id, {"NatGatewayId": gateway.id, "EniId": gateway._eni.id})


def _delete_nat(task: Task) -> None:
    backend = ec2(task)
    gateway = call(lambda: backend.delete_nat_gateway(task.physical_id))
    backend.enis.pop(gateway._eni.id, None)


def _create_options(task: Task) -> Made:
    properties = task.properties
    options = call(
        lambda: ec2(task).create_dhcp_options(
            properties.get("DomainNameServers"),
            properties.get("DomainName"),
            properties.get("NtpServers"),
            properties.get("NetbiosNameServers"),
            properties.get("NetbiosNodeType"),
        )
    )
    tagged(task, options.id)
    return Made(options.id, {"DhcpOptionsId": options.id})


def _associate_options(task: Task) -> Made:
    backend, options_id, vpc_id = ec2(task), task.properties["DhcpOptionsId"], task.properties["VpcId"]
    vpc = call(lambda: backend.get_vpc(vpc_id))
    if options_id != "default":
        options = call(lambda: backend.describe_dhcp_options([options_id]))[0]
        backend.associate_dhcp_options(options, vpc)
    return Made(f"{options_id}|{vpc_id}")


def _dissociate_options(task: Task) -> None:
    backend = ec2(task)
    vpc = call(lambda: backend.get_vpc(task.properties["VpcId"]))
    if vpc.dhcp_options:
        vpc.dhcp_options.vpc = None
        vpc.dhcp_options = None


def _deletes(method: str) -> Callable[[Task], None]:
    return lambda task: call(lambda: getattr(ec2(task), method)(task.physical_id))


HANDLERS: Mapping[str, Handler] = {
    "AWS::EC2::VPC": Handler(_create_vpc, _delete_vpc, _update_vpc),
    "AWS::EC2::Subnet": Handler(_create_subnet, _delete_subnet, _update_subnet),
    "AWS::EC2::RouteTable": Handler(_create_route_table, _deletes("delete_route_table"), retagged),
    "AWS::EC2::SubnetRouteTableAssociation": Handler(_create_association, _deletes("disassociate_route_table")),
    "AWS::EC2::Route": Handler(_create_route, _delete_route, _update_route),
    "AWS::EC2::InternetGateway": Handler(_create_gateway, _deletes("delete_internet_gateway"), retagged),
    "AWS::EC2::VPCGatewayAttachment": Handler(_attach_gateway, _detach_gateway),
    "AWS::EC2::EIP": Handler(_create_address, _delete_address, _update_address),
    "AWS::EC2::NatGateway": Handler(_create_nat, _delete_nat, retagged),
    "AWS::EC2::DHCPOptions": Handler(_create_options, _deletes("delete_dhcp_options_set"), retagged),
    "AWS::EC2::VPCDHCPOptionsAssociation": Handler(_associate_options, _dissociate_options),
}
