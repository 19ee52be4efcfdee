"""env-vpc.yaml: the network of an environment, in the development account and in each target account."""

from __future__ import annotations

from typing import Any

from troposphere import GetAtt, Join, Ref, Select, Split, Sub
from troposphere.ec2 import FlowLog
from troposphere.logs import LogGroup

from generator.cfn.arns import role_arn
from generator.cfn.contract import Out, Param
from generator.cfn.lint import lint_exception
from generator.cfn.stack import Stack
from templates.env import vpc_endpoints as endpoints
from templates.env import vpc_groups as groups
from templates.env import vpc_subnets as subnets
from templates.env.vpc_contract import ENDPOINTS, EndpointContract, FlowLogContract, NetworkContract
from templates.parameters import ENV_NAME, ENV_TYPE, environment_tags
from templates.published import (
    ENVIRONMENT,
    FLOW_LOGS_ROLE,
    KMS_ENDPOINT_ID,
    PRIVATE_SUBNET_IDS,
    PRIVATE_SUBNETS,
    S3_ENDPOINT_ID,
    SAGEMAKER_SECURITY_GROUP_IDS,
    VPC_ID,
)

_SAGEMAKER = "SageMakerSecurityGroup"
_ENDPOINT_GROUP = "VPCEndpointsSecurityGroup"
_MIRROR_GROUP = "SharedServicesVPCEndpointSecurityGroup"
_FILE_GROUP = "FileSystemSecurityGroup"
_SUBNET_IDS = "PrivateSubnetIdsSSM"
# The first group holds the choice between a new and an existing VPC; everything else asks the group.
_VPC_ID = GetAtt(_SAGEMAKER, "VpcId")
_CHOICE_OF_VPC = lint_exception(
    "ExistingVPCId is empty only where CreateVPC is YES, as a rule of this template asserts", "W1030"
)


class EnvVpc(FlowLogContract, EndpointContract, NetworkContract, Stack):
    """A new or an existing VPC with private subnets, endpoints and closed groups.

    The same template is the payload of the network stack sets: it stands alone, and nothing in it is nested. Nothing is
    retained when it is deleted; docs/compatibility.md says how to keep a VPC that Studio's file system still uses.
    """

    FILE = "env-vpc.yaml"
    DESCRIPTION = "Network of one environment: VPC, subnets, endpoints, security groups, flow logs"

    ENV_NAME = ENV_NAME
    ENV_TYPE = ENV_TYPE
    DATA_BUCKET = Param("DataBucketName", "Bucket for data: the S3 endpoint lets this account read it", group=ENDPOINTS)
    MODEL_BUCKET = Param(
        "ModelBucketName", "Bucket for models: the S3 endpoint lets this account read it", group=ENDPOINTS
    )
    ORGANIZATION_ID = endpoints.ORGANIZATION_ID
    IN_ORGANIZATION = endpoints.IN_ORGANIZATION

    VPC_ID = Out("VPCId", "The VPC")
    PRIVATE_SUBNET_IDS = Out("PrivateSubnetIds", "Private subnets, separated by commas")
    SAGEMAKER_GROUP_IDS = Out("SageMakerSecurityGroupIds", "Security group of SageMaker jobs, Studio and endpoints")
    ENDPOINT_GROUP_ID = Out("VPCEndpointsSecurityGroupId", "Security group of the interface endpoints")
    MIRROR_GROUP_ID = Out(
        "SharedServicesVPCEndpointSecurityGroupId", "Security group of the endpoint to the package mirror"
    )
    FILE_GROUP_ID = Out("FileSystemSecurityGroupId", "Security group for file systems that SageMaker mounts")
    S3_ENDPOINT_ID = Out("VPCEndpointS3Id", "The S3 endpoint, created or given")
    KMS_ENDPOINT_ID = Out("VPCEndpointKMSId", "The KMS endpoint; empty when there is none")
    MIRROR_DNS = Out("PyPIMirrorEndpointDNS", "DNS name of the package mirror's endpoint; empty when there is none")
    DATA_BUCKET_NAME = Out("DataBucketName", "Bucket for data, as given")
    MODEL_BUCKET_NAME = Out("ModelBucketName", "Bucket for models, as given")

    def build(self) -> None:
        self._groups()
        self._vpc()
        self._subnets()
        self._internet()
        self._publish()
        self._endpoints()
        self._flow_logs()
        self._outputs()

    def _vpc(self) -> None:
        self.add(subnets.vpc(self.VPC_CIDR), when=self.NEW_VPC)
        domain = self.US_EAST_1.then("ec2.internal", Join(".", [Ref("AWS::Region"), "compute.internal"]))
        self.add(subnets.dhcp_options(domain), when=self.NEW_VPC)
        self.add(subnets.dhcp_association(), when=self.NEW_VPC)

    def _subnets(self) -> None:
        cidrs = (self.PRIVATE_1_CIDR, self.PRIVATE_2_CIDR, self.PRIVATE_3_CIDR, self.PRIVATE_4_CIDR)
        for n, (cidr, condition) in enumerate(zip(cidrs, self._private(), strict=True), start=1):
            for resource in subnets.private_subnet(n, _VPC_ID, self.AVAILABILITY_ZONES, cidr):
                self.add(resource, when=condition)

    def _internet(self) -> None:
        for resource in subnets.internet_access(_VPC_ID):
            self.add(resource, when=self.NAT_1)
        cidrs = (self.PUBLIC_1_CIDR, self.PUBLIC_2_CIDR, self.PUBLIC_3_CIDR, self.PUBLIC_4_CIDR)
        conditions = (self.NAT_1, self.NAT_2, self.NAT_3, self.NAT_4)
        for n, (cidr, condition) in enumerate(zip(cidrs, conditions, strict=True), start=1):
            for resource in subnets.public_subnet(n, _VPC_ID, self.AVAILABILITY_ZONES, cidr):
                self.add(resource, when=condition)

    def _groups(self) -> None:
        chosen = self.NEW_VPC.then(Ref("VPC"), self.EXISTING_VPC_ID)
        first = groups.closed_group(_SAGEMAKER, "SageMaker jobs, Studio and model endpoints", chosen, "sg-sagemaker")
        first.resource["Metadata"] = _CHOICE_OF_VPC
        self.add(first)
        for title, description, name in (
            (_ENDPOINT_GROUP, "Interface endpoints", "sg-vpce"),
            (_MIRROR_GROUP, "Endpoint to the package mirror", "sg-shared-services-vpce"),
            (_FILE_GROUP, "File systems that SageMaker mounts", "sg-file-systems"),
        ):
            self.add(groups.closed_group(title, description, _VPC_ID, name))
        for rule in (
            *groups.self_rules(_SAGEMAKER, _SAGEMAKER),
            *groups.passage("EndpointsHTTPS", _SAGEMAKER, _ENDPOINT_GROUP, 443, "HTTPS to the interface endpoints"),
            *groups.passage("MirrorHTTP", _SAGEMAKER, _MIRROR_GROUP, 80, "HTTP to the package mirror"),
            *groups.passage("FileSystemsNFS", _SAGEMAKER, _FILE_GROUP, 2049, "NFS to file systems"),
        ):
            self.add(rule)
        to_s3 = groups.egress_to_prefix_list("SageMakerS3Egress", _SAGEMAKER, self.S3_PREFIX_LIST)
        self.add(to_s3, when=self.HAS_PREFIX_LIST)
        self.add(groups.egress_where_routes_lead("SageMakerHTTPSEgress", _SAGEMAKER), when=self.WIDE_EGRESS)

    def _publish(self) -> None:
        self.add(VPC_ID.parameter("VPCIdSSM", _VPC_ID, "VPC"))
        for n, (published, condition) in enumerate(zip(PRIVATE_SUBNETS, self._private(), strict=True), start=1):
            subnet = Ref(f"PrivateSubnet{n}A")
            self.add(published.parameter(f"PrivateSubnet{n}AIdSSM", subnet, f"Private subnet {n}"), when=condition)
        self.add(PRIVATE_SUBNET_IDS.parameter(_SUBNET_IDS, self._private_subnet_ids(), "Private subnets"))
        group = GetAtt(_SAGEMAKER, "GroupId")
        self.add(
            SAGEMAKER_SECURITY_GROUP_IDS.parameter("SageMakerSecurityGroupIdsSSM", group, "SageMaker security group")
        )
        self.add(S3_ENDPOINT_ID.parameter("S3VPCEndpointIdSSM", self._s3_endpoint_id(), "S3 endpoint"))
        kms = KMS_ENDPOINT_ID.parameter("KMSVPCEndpointIdSSM", Ref("VPCEndpointKMS"), "KMS endpoint")
        self.add(kms, when=self.WITH_KMS)

    def _endpoints(self) -> None:
        routes = self.PRIVATE_1.then(self._created("ARouteTable"), Split(",", self.EXISTING_ROUTE_TABLE_IDS))
        buckets = (self.DATA_BUCKET, self.MODEL_BUCKET)
        gateway = endpoints.s3_endpoint("VPCEndpointS3", _VPC_ID, routes, buckets, self.release.region)
        self.add(gateway, when=self.WITH_S3)
        # The published list already holds the choice between new and existing subnets: no endpoint repeats it.
        places = Split(",", GetAtt(_SUBNET_IDS, "Value"))
        for key, condition in self.INTERFACES:
            service = endpoints.interface_service(key)
            group = [GetAtt(_ENDPOINT_GROUP, "GroupId")]
            endpoint = endpoints.interface_endpoint(f"VPCEndpoint{key}", service, _VPC_ID, places, group)
            self.add(endpoint, when=condition)
        mirror = endpoints.shared_endpoint(
            "VPCEndpointPyPIMirror",
            self.PYPI_MIRROR_SERVICE,
            _VPC_ID,
            places,
            [GetAtt(_MIRROR_GROUP, "GroupId")],
        )
        self.add(mirror, when=self.WITH_PYPI_MIRROR)

    def _flow_logs(self) -> None:
        log_group = LogGroup(
            "VPCFlowLogsLogGroup",
            LogGroupName=Sub(f"/vpcflowlogs/{ENVIRONMENT}-vpc-flow-logs"),
            RetentionInDays=self.FLOW_LOGS_RETENTION,
            KmsKeyId=self.HAS_FLOW_LOGS_KEY.then(self.FLOW_LOGS_KEY),
            Tags=environment_tags(),
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Delete",
        )
        self.add(log_group, when=self.WITH_FLOW_LOGS)
        flow_log = FlowLog(
            "VPCFlowLogsToCloudWatch",
            ResourceId=_VPC_ID,
            ResourceType="VPC",
            TrafficType=self.FLOW_LOGS_TRAFFIC,
            LogDestinationType="cloud-watch-logs",
            LogGroupName=Ref(log_group),
            DeliverLogsPermissionArn=self.NAMES_FLOW_LOGS_ROLE.then(self.FLOW_LOGS_ROLE_ARN, role_arn(FLOW_LOGS_ROLE)),
            LogFormat=self.FLOW_LOGS_FORMAT,
            MaxAggregationInterval=self.FLOW_LOGS_INTERVAL,
            Tags=environment_tags(),
        )
        self.add(flow_log, when=self.WITH_FLOW_LOGS)

    def _outputs(self) -> None:
        dns = Select(1, Split(":", Select(0, GetAtt("VPCEndpointPyPIMirror", "DnsEntries"))))
        self.put(self.VPC_ID, _VPC_ID)
        self.put(self.PRIVATE_SUBNET_IDS, GetAtt(_SUBNET_IDS, "Value"))
        self.put(self.SAGEMAKER_GROUP_IDS, GetAtt(_SAGEMAKER, "GroupId"))
        self.put(self.ENDPOINT_GROUP_ID, GetAtt(_ENDPOINT_GROUP, "GroupId"))
        self.put(self.MIRROR_GROUP_ID, GetAtt(_MIRROR_GROUP, "GroupId"))
        self.put(self.FILE_GROUP_ID, GetAtt(_FILE_GROUP, "GroupId"))
        self.put(self.S3_ENDPOINT_ID, self._s3_endpoint_id())
        self.put(self.KMS_ENDPOINT_ID, self.WITH_KMS.then(Ref("VPCEndpointKMS"), ""))
        self.put(self.MIRROR_DNS, self.WITH_PYPI_MIRROR.then(dns, ""))
        self.put(self.DATA_BUCKET_NAME, self.DATA_BUCKET)
        self.put(self.MODEL_BUCKET_NAME, self.MODEL_BUCKET)

    def _private(self) -> tuple[Any, ...]:
        """The conditions of the four private subnets."""
        return self.PRIVATE_1, self.PRIVATE_2, self.PRIVATE_3, self.PRIVATE_4

    def _created(self, suffix: str) -> list[Any]:
        """What stands in the created private subnets' zones, one each; the first exists wherever the others do."""
        others = [c.then(Ref(f"PrivateSubnet{n}{suffix}")) for n, c in enumerate(self._private()[1:], start=2)]
        return [Ref(f"PrivateSubnet1{suffix}"), *others]

    def _private_subnet_ids(self) -> Any:
        return self.PRIVATE_1.then(Join(",", self._created("A")), self.EXISTING_SUBNET_IDS)

    def _s3_endpoint_id(self) -> Any:
        return self.WITH_S3.then(Ref("VPCEndpointS3"), self.EXISTING_S3_ENDPOINT_ID)
