"""The parameters, conditions and rules of env-vpc.yaml, by subject."""

from __future__ import annotations

from troposphere import And, Equals, Not, Or, Ref

from generator.cfn import rules
from generator.cfn.contract import YES_NO, Cond, Param, Rule, switch

NETWORK = "Network"
ENDPOINTS = "VPC Endpoints"
FLOW_LOGS = "VPC Flow Logs"
# What the shared services stack publishes as its endpoint service where CodeArtifact is the package mirror.
CODEARTIFACT_MIRROR = "codeartifact"

_OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_FIELD = r"\$\{[a-z0-9-]+\}"
_KEY_ARN = r"arn:(aws[a-zA-Z-]*)?:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+"
_LOG_FORMAT = (
    "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} "
    "${packets} ${bytes} ${start} ${end} ${action} ${log-status}"
)
_RETENTION = (
    "1",
    "3",
    "5",
    "7",
    "14",
    "30",
    "60",
    "90",
    "120",
    "150",
    "180",
    "365",
    "400",
    "545",
    "731",
    "1827",
    "3653",
)


def cidr(name: str, what: str, default: str, *, smallest: int = 28) -> Param:
    """A block of addresses between /16 and /`smallest` (20 to 28)."""
    pattern = rf"^({_OCTET}\.){{3}}{_OCTET}/(1[6-9]|2[0-{smallest - 20}])$"
    constraint = f"a block such as 10.0.0.0/16, between /16 and /{smallest}"
    return Param(name, f"Addresses of {what}", default=default, pattern=pattern, constraint=constraint, group=NETWORK)


def _endpoint(service: str, what: str) -> Param:
    return switch(f"Create{service}VPCEndpoint", f"Create the endpoint for {what}", group=ENDPOINTS)


def _wanted(name: str, parameter: Param) -> Cond:
    return Cond(name, Equals(parameter, "YES"))


class NetworkContract:
    """Which VPC, which subnets, which way out."""

    AVAILABILITY_ZONES = Param(
        "AvailabilityZones",
        "Availability Zones in the order in which subnets take them; at least as many as NumberOfAZs",
        type="List<AWS::EC2::AvailabilityZone::Name>",
        group=NETWORK,
    )
    NUMBER_OF_AZS = Param(
        "NumberOfAZs",
        "How many Availability Zones to use. One zone is for trials only: Studio and endpoints want two or more",
        default="2",
        allowed=("1", "2", "3", "4"),
        group=NETWORK,
    )
    CREATE_VPC = switch("CreateVPC", "Create a VPC; NO uses ExistingVPCId", group=NETWORK)
    EXISTING_VPC_ID = Param("ExistingVPCId", "VPC to use when CreateVPC is NO", default="", group=NETWORK)
    CREATE_NAT_GATEWAYS = switch(
        "CreateNATGateways",
        "Create public subnets, an internet gateway and one NAT gateway per zone; NO keeps the network free of "
        "internet. An existing VPC must not have an internet gateway yet",
        group=NETWORK,
    )
    CREATE_PRIVATE_SUBNETS = switch(
        "CreatePrivateSubnets", "Create private subnets; NO uses existing ones of an existing VPC", group=NETWORK
    )
    EXISTING_SUBNET_IDS = Param(
        "ExistingPrivateSubnetIds", "Private subnets to use, separated by commas", default="", group=NETWORK
    )
    EXISTING_ROUTE_TABLE_IDS = Param(
        "ExistingPrivateRouteTableIds",
        "Route tables of these subnets, separated by commas: the S3 endpoint writes its routes there",
        default="",
        group=NETWORK,
    )
    VPC_CIDR = cidr("VPCCIDR", "the VPC", "10.0.0.0/16")
    PRIVATE_1_CIDR = cidr("PrivateSubnet1ACIDR", "private subnet 1", "10.0.0.0/19")
    PRIVATE_2_CIDR = cidr("PrivateSubnet2ACIDR", "private subnet 2", "10.0.32.0/19")
    PRIVATE_3_CIDR = cidr("PrivateSubnet3ACIDR", "private subnet 3", "10.0.64.0/19")
    PRIVATE_4_CIDR = cidr("PrivateSubnet4ACIDR", "private subnet 4", "10.0.96.0/19")
    PUBLIC_1_CIDR = cidr("PublicSubnet1CIDR", "public subnet 1", "10.0.128.0/20")
    PUBLIC_2_CIDR = cidr("PublicSubnet2CIDR", "public subnet 2", "10.0.144.0/20")
    PUBLIC_3_CIDR = cidr("PublicSubnet3CIDR", "public subnet 3", "10.0.160.0/20")
    PUBLIC_4_CIDR = cidr("PublicSubnet4CIDR", "public subnet 4", "10.0.176.0/20")
    S3_PREFIX_LIST = Param(
        "S3PrefixListId",
        "The Region's prefix list of S3 (pl-...): without NAT gateways HTTPS then leaves to S3 only, else as far as "
        "the routes lead",
        default="",
        group=NETWORK,
    )

    NEW_VPC = _wanted("NewVPC", CREATE_VPC)
    US_EAST_1 = Cond("IsUSEast1", Equals(Ref("AWS::Region"), "us-east-1"))
    PRIVATE_1 = _wanted("PrivateSubnets1", CREATE_PRIVATE_SUBNETS)
    PRIVATE_2 = Cond("PrivateSubnets2", And(PRIVATE_1, Not(Equals(NUMBER_OF_AZS, "1"))))
    PRIVATE_3 = Cond("PrivateSubnets3", And(PRIVATE_1, Or(Equals(NUMBER_OF_AZS, "3"), Equals(NUMBER_OF_AZS, "4"))))
    PRIVATE_4 = Cond("PrivateSubnets4", And(PRIVATE_1, Equals(NUMBER_OF_AZS, "4")))
    NAT_1 = Cond("NATGateways1", And(PRIVATE_1, Equals(CREATE_NAT_GATEWAYS, "YES")))
    NAT_2 = Cond("NATGateways2", And(PRIVATE_2, Equals(CREATE_NAT_GATEWAYS, "YES")))
    NAT_3 = Cond("NATGateways3", And(PRIVATE_3, Equals(CREATE_NAT_GATEWAYS, "YES")))
    NAT_4 = Cond("NATGateways4", And(PRIVATE_4, Equals(CREATE_NAT_GATEWAYS, "YES")))
    HAS_PREFIX_LIST = Cond("HasS3PrefixList", Not(Equals(S3_PREFIX_LIST, "")))
    WIDE_EGRESS = Cond("HTTPSLeavesByRoutes", Or(Equals(S3_PREFIX_LIST, ""), Equals(CREATE_NAT_GATEWAYS, "YES")))

    VPC_RULE = Rule(
        "VPC",
        ((rules.given(EXISTING_VPC_ID), "ExistingVPCId is needed when CreateVPC is NO"),),
        when=rules.equals(CREATE_VPC, "NO"),
    )
    NAT_RULE = Rule(
        "NAT",
        ((rules.equals(CREATE_PRIVATE_SUBNETS, "YES"), "NAT gateways need CreatePrivateSubnets YES"),),
        when=rules.equals(CREATE_NAT_GATEWAYS, "YES"),
    )
    SUBNETS_RULE = Rule(
        "PrivateSubnets",
        (
            (rules.equals(CREATE_VPC, "NO"), "CreatePrivateSubnets NO needs an existing VPC"),
            (rules.given(EXISTING_SUBNET_IDS), "ExistingPrivateSubnetIds is needed when CreatePrivateSubnets is NO"),
            (rules.given(EXISTING_ROUTE_TABLE_IDS), "ExistingPrivateRouteTableIds is needed with existing subnets"),
        ),
        when=rules.equals(CREATE_PRIVATE_SUBNETS, "NO"),
    )


class EndpointContract:
    """A switch and a condition for each endpoint."""

    CREATE_S3 = _endpoint("S3", "S3, a gateway in the private route tables")
    EXISTING_S3_ENDPOINT_ID = Param(
        "ExistingS3VPCEndpointId",
        "S3 endpoint of the existing VPC, when CreateS3VPCEndpoint is NO",
        default="",
        group=ENDPOINTS,
    )
    CREATE_SSM = _endpoint("SSM", "Systems Manager parameters")
    CREATE_CW = _endpoint("CW", "CloudWatch metrics")
    CREATE_CWL = _endpoint("CWL", "CloudWatch Logs")
    CREATE_SAGEMAKER_API = _endpoint("SageMakerAPI", "the SageMaker API")
    CREATE_SAGEMAKER_RUNTIME = _endpoint("SageMakerRuntime", "SageMaker inference")
    CREATE_SAGEMAKER_NOTEBOOK = _endpoint("SageMakerNotebook", "SageMaker notebook instances")
    CREATE_STS = _endpoint("STS", "STS")
    CREATE_SERVICE_CATALOG = _endpoint("ServiceCatalog", "Service Catalog")
    CREATE_CODECOMMIT = _endpoint("CodeCommit", "Git repositories in CodeCommit")
    CREATE_CODECOMMIT_API = _endpoint("CodeCommitAPI", "the CodeCommit API")
    CREATE_CODEPIPELINE = _endpoint("CodePipeline", "CodePipeline")
    CREATE_CODEBUILD = _endpoint("CodeBuild", "CodeBuild")
    CREATE_ECR_API = _endpoint("ECRAPI", "the ECR API")
    CREATE_ECR = _endpoint("ECR", "images in ECR")
    CREATE_KMS = _endpoint("KMS", "KMS")
    CREATE_CODEARTIFACT = switch(
        "CreateCodeArtifactVPCEndpoints",
        "Create the endpoints for CodeArtifact, for a package mirror there",
        default="NO",
        group=ENDPOINTS,
    )
    PYPI_MIRROR_SERVICE = Param(
        "PyPIMirrorEndpointServiceName",
        f"Endpoint service of the shared package mirror; {CODEARTIFACT_MIRROR} for one in CodeArtifact, empty for none",
        default="",
        group=ENDPOINTS,
    )

    WITH_S3 = _wanted("WithS3Endpoint", CREATE_S3)
    WITH_SSM = _wanted("WithSSMEndpoint", CREATE_SSM)
    WITH_CW = _wanted("WithCWEndpoint", CREATE_CW)
    WITH_CWL = _wanted("WithCWLEndpoint", CREATE_CWL)
    WITH_SAGEMAKER_API = _wanted("WithSageMakerAPIEndpoint", CREATE_SAGEMAKER_API)
    WITH_SAGEMAKER_RUNTIME = _wanted("WithSageMakerRuntimeEndpoint", CREATE_SAGEMAKER_RUNTIME)
    WITH_SAGEMAKER_NOTEBOOK = _wanted("WithSageMakerNotebookEndpoint", CREATE_SAGEMAKER_NOTEBOOK)
    WITH_STS = _wanted("WithSTSEndpoint", CREATE_STS)
    WITH_SERVICE_CATALOG = _wanted("WithServiceCatalogEndpoint", CREATE_SERVICE_CATALOG)
    WITH_CODECOMMIT = _wanted("WithCodeCommitEndpoint", CREATE_CODECOMMIT)
    WITH_CODECOMMIT_API = _wanted("WithCodeCommitAPIEndpoint", CREATE_CODECOMMIT_API)
    WITH_CODEPIPELINE = _wanted("WithCodePipelineEndpoint", CREATE_CODEPIPELINE)
    WITH_CODEBUILD = _wanted("WithCodeBuildEndpoint", CREATE_CODEBUILD)
    WITH_ECR_API = _wanted("WithECRAPIEndpoint", CREATE_ECR_API)
    WITH_ECR = _wanted("WithECREndpoint", CREATE_ECR)
    WITH_KMS = _wanted("WithKMSEndpoint", CREATE_KMS)
    WITH_CODEARTIFACT = Cond(
        "WithCodeArtifactEndpoints",
        Or(Equals(CREATE_CODEARTIFACT, "YES"), Equals(PYPI_MIRROR_SERVICE, CODEARTIFACT_MIRROR)),
    )
    WITH_PYPI_MIRROR = Cond(
        "WithPyPIMirrorEndpoint",
        Not(Or(Equals(PYPI_MIRROR_SERVICE, ""), Equals(PYPI_MIRROR_SERVICE, CODEARTIFACT_MIRROR))),
    )

    S3_ENDPOINT_RULE = Rule(
        "S3VPCEndpoint",
        ((rules.given(EXISTING_S3_ENDPOINT_ID), "ExistingS3VPCEndpointId is needed when CreateS3VPCEndpoint is NO"),),
        when=rules.equals(CREATE_S3, "NO"),
    )

    INTERFACES = (
        ("SSM", WITH_SSM),
        ("CW", WITH_CW),
        ("CWL", WITH_CWL),
        ("SageMakerAPI", WITH_SAGEMAKER_API),
        ("SageMakerRuntime", WITH_SAGEMAKER_RUNTIME),
        ("SageMakerNotebook", WITH_SAGEMAKER_NOTEBOOK),
        ("STS", WITH_STS),
        ("ServiceCatalog", WITH_SERVICE_CATALOG),
        ("CodeCommit", WITH_CODECOMMIT),
        ("CodeCommitAPI", WITH_CODECOMMIT_API),
        ("CodePipeline", WITH_CODEPIPELINE),
        ("CodeBuild", WITH_CODEBUILD),
        ("ECRAPI", WITH_ECR_API),
        ("ECR", WITH_ECR),
        ("KMS", WITH_KMS),
        ("CodeArtifactAPI", WITH_CODEARTIFACT),
        ("CodeArtifactRepositories", WITH_CODEARTIFACT),
    )


class FlowLogContract:
    """Flow logs of the VPC in CloudWatch Logs."""

    CREATE_FLOW_LOGS = Param(
        "CreateVPCFlowLogsToCloudWatch",
        "Write flow logs of the VPC to CloudWatch Logs",
        default="NO",
        allowed=YES_NO,
        group=FLOW_LOGS,
    )
    FLOW_LOGS_ROLE_ARN = Param(
        "VPCFlowLogsRoleArn",
        "Role that delivers flow logs; empty for this account's role of this product's own name",
        default="",
        group=FLOW_LOGS,
    )
    FLOW_LOGS_FORMAT = Param(
        "VPCFlowLogsLogFormat",
        "Fields of a record, separated by spaces",
        default=_LOG_FORMAT,
        pattern=rf"^{_FIELD}( {_FIELD})*$",
        constraint="fields such as ${version} ${action}, separated by one space",
        group=FLOW_LOGS,
    )
    FLOW_LOGS_RETENTION = Param(
        "VPCFlowLogsLogGroupRetention",
        "Days that flow logs are kept",
        default="14",
        allowed=_RETENTION,
        group=FLOW_LOGS,
    )
    FLOW_LOGS_INTERVAL = Param(
        "VPCFlowLogsMaxAggregationInterval",
        "Seconds over which packets of a flow are put together",
        default="600",
        allowed=("60", "600"),
        group=FLOW_LOGS,
    )
    FLOW_LOGS_TRAFFIC = Param(
        "VPCFlowLogsTrafficType",
        "Which traffic is logged; ALL is what an audit wants",
        default="REJECT",
        allowed=("ACCEPT", "ALL", "REJECT"),
        group=FLOW_LOGS,
    )
    FLOW_LOGS_KEY = Param(
        "VPCFlowLogsCloudWatchKMSKey",
        "ARN of a key that encrypts flow logs; its policy must admit CloudWatch Logs. Empty: encrypted by the service",
        default="",
        pattern=f"^$|^{_KEY_ARN}$",
        constraint="empty, or the ARN of a KMS key",
        group=FLOW_LOGS,
    )

    WITH_FLOW_LOGS = _wanted("WithFlowLogs", CREATE_FLOW_LOGS)
    NAMES_FLOW_LOGS_ROLE = Cond("NamesFlowLogsRole", Not(Equals(FLOW_LOGS_ROLE_ARN, "")))
    HAS_FLOW_LOGS_KEY = Cond("HasFlowLogsKey", Not(Equals(FLOW_LOGS_KEY, "")))
