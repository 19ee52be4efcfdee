"""core-shared-services-network.yaml: the VPC of the shared services."""

from __future__ import annotations

from typing import Any

from troposphere import Cidr, GetAtt, GetAZs, Join, Ref, Select

from generator.cfn.contract import Cond, Out
from generator.cfn.stack import Stack
from templates.core import package_mirror
from templates.core.package_mirror import of_shared_services
from templates.env import vpc_endpoints as endpoints
from templates.env import vpc_groups as groups
from templates.env import vpc_subnets as subnets
from templates.env.vpc_contract import cidr

_ENDPOINT_GROUP = "EndpointSecurityGroup"
_SERVICE_GROUP = "ServiceSecurityGroup"
_ZONES = (1, 2)


class CoreSharedServicesNetwork(Stack):
    """Two private subnets with endpoints; ways to the internet only where the package mirror is a proxy."""

    FILE = "core-shared-services-network.yaml"
    DESCRIPTION = "Shared services: VPC with private subnets and endpoints"

    STACK_SET_NAME = package_mirror.STACK_SET_NAME
    KIND = package_mirror.KIND
    VPC_CIDR = cidr("SharedServicesVPCCIDR", "the VPC, which four subnets of /24 share", "10.63.0.0/20", smallest=22)
    ORGANIZATION_ID = endpoints.ORGANIZATION_ID

    HAS_CODEARTIFACT = package_mirror.HAS_CODEARTIFACT
    USES_CODEARTIFACT = package_mirror.USES_CODEARTIFACT
    USES_FARGATE = package_mirror.USES_FARGATE
    IN_ORGANIZATION = endpoints.IN_ORGANIZATION

    VPC_ID = Out("SharedServicesVPCId", "VPC of the shared services")
    SUBNET_IDS = Out("SharedServicesPrivateSubnetIds", "Private subnets, separated by commas")
    GROUP_ID = Out("SharedServicesSecurityGroupId", "Security group that reaches the endpoints of the VPC")

    def build(self) -> None:
        self.add(subnets.vpc(self.VPC_CIDR, of_shared_services))
        self._subnets()
        self._groups()
        self._endpoints()
        self.put(self.VPC_ID, Ref("VPC"))
        self.put(self.SUBNET_IDS, Join(",", [Ref(f"PrivateSubnet{n}A") for n in _ZONES]))
        self.put(self.GROUP_ID, GetAtt(_SERVICE_GROUP, "GroupId"))

    def _subnets(self) -> None:
        zones = GetAZs("")
        blocks = Cidr(self.VPC_CIDR, 4, 8)
        for resource in subnets.internet_access(Ref("VPC"), of_shared_services):
            self.add(resource, when=self.USES_FARGATE)
        for n in _ZONES:
            for resource in subnets.private_subnet(n, Ref("VPC"), zones, Select(n - 1, blocks), of_shared_services):
                self.add(resource)
            for resource in subnets.public_subnet(n, Ref("VPC"), zones, Select(n + 1, blocks), of_shared_services):
                self.add(resource, when=self.USES_FARGATE)

    def _groups(self) -> None:
        for title, description, name in (
            (_ENDPOINT_GROUP, "Interface endpoints of the shared services", "sg-vpce"),
            (_SERVICE_GROUP, "Shared services", "sg-services"),
        ):
            self.add(groups.closed_group(title, description, Ref("VPC"), name, of_shared_services))
        for rule in groups.passage("EndpointsHTTPS", _SERVICE_GROUP, _ENDPOINT_GROUP, 443, "HTTPS to the endpoints"):
            self.add(rule)
        self.add(groups.egress_where_routes_lead("ServiceHTTPSEgress", _SERVICE_GROUP))

    def _endpoints(self) -> None:
        tables = [Ref(f"PrivateSubnet{n}ARouteTable") for n in _ZONES]
        self.add(endpoints.s3_endpoint("VPCEndpointS3", Ref("VPC"), tables, (), self.release.region))
        self._interface("CWL", None)
        self._interface("CodeArtifactAPI", self.USES_CODEARTIFACT)
        self._interface("CodeArtifactRepositories", self.USES_CODEARTIFACT)
        self._interface("ECRAPI", self.USES_FARGATE)
        self._interface("ECR", self.USES_FARGATE)

    def _interface(self, key: str, when: Cond | None) -> None:
        places: list[Any] = [Ref(f"PrivateSubnet{n}A") for n in _ZONES]
        group = [GetAtt(_ENDPOINT_GROUP, "GroupId")]
        service = endpoints.interface_service(key)
        self.add(endpoints.interface_endpoint(f"VPCEndpoint{key}", service, Ref("VPC"), places, group), when=when)
