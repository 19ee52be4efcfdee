"""The package mirror on Fargate: a proxy behind a network load balancer that PrivateLink publishes."""

from __future__ import annotations

from typing import Any

from awacs import ecr, logs
from troposphere import GetAtt, Ref, Sub
from troposphere.ec2 import VPCEndpointService, VPCEndpointServicePermissions
from troposphere.ecs import (
    AwsvpcConfiguration,
    Cluster,
    ClusterSetting,
    ContainerDefinition,
    DeploymentCircuitBreaker,
    DeploymentConfiguration,
    Environment,
    LoadBalancer,
    LogConfiguration,
    MountPoint,
    NetworkConfiguration,
    PortMapping,
    RuntimePlatform,
    Service,
    TaskDefinition,
    Volume,
)
from troposphere.elasticloadbalancingv2 import Action as ListenerAction
from troposphere.elasticloadbalancingv2 import Listener, LoadBalancerAttributes, TargetGroup, TargetGroupAttribute
from troposphere.elasticloadbalancingv2 import LoadBalancer as NetworkLoadBalancer
from troposphere.iam import ManagedPolicy, Policy, Role
from troposphere.logs import LogGroup

from generator.cfn import iam
from generator.cfn.arns import arn
from generator.cfn.lint import scan_exception
from templates.access.boundary import ceiling
from templates.access.exceptions import SEEING_ROLE
from templates.core.package_mirror import Proxy, of_shared_services
from templates.functions import LOG_KEY

PORT = 8080
_CONTAINER = "proxy"
_START = (
    "mkdir -p /tmp/proxy /tmp/body /tmp/fastcgi /tmp/uwsgi /tmp/scgi"
    ' && printf "%s" "$CONFIGURATION" > /tmp/nginx.conf'
    ' && exec nginx -c /tmp/nginx.conf -g "daemon off;"'
)


def cluster() -> Cluster:
    insights = ClusterSetting(Name="containerInsights", Value="enabled")
    return Cluster("MirrorCluster", ClusterSettings=[insights], Tags=of_shared_services("package-mirror"))


def log_group() -> LogGroup:
    return LogGroup(
        "MirrorLogGroup",
        RetentionInDays=30,
        Tags=of_shared_services("package-mirror"),
        DeletionPolicy="Delete",
        UpdateReplacePolicy="Delete",
        Metadata=LOG_KEY,
    )


def execution_boundary() -> ManagedPolicy:
    """Ceiling of what starts the containers: pull images, write logs."""
    pull = [ecr.BatchCheckLayerAvailability, ecr.BatchGetImage, ecr.GetAuthorizationToken, ecr.GetDownloadUrlForLayer]
    document = iam.policy(iam.allow("StartContainers", [*pull, logs.CreateLogStream, logs.PutLogEvents]))
    return ceiling("Permissions boundary of the package mirror", document)


def execution_role() -> Role:
    """ECS writes logs with it and pulls images of this account; the containers themselves have no role."""
    pull = [ecr.BatchCheckLayerAvailability, ecr.BatchGetImage, ecr.GetDownloadUrlForLayer]
    policy = iam.policy(
        iam.allow("WritesLogs", [logs.CreateLogStream, logs.PutLogEvents], GetAtt("MirrorLogGroup", "Arn")),
        iam.allow("PullsOwnImages", pull, arn("ecr", "repository/*")),
        # GetAuthorizationToken has no resource.
        iam.allow("SignsInToRegistry", [ecr.GetAuthorizationToken], "*"),
    )
    return Role(
        "MirrorExecutionRole",
        AssumeRolePolicyDocument=iam.trust("ecs-tasks"),
        PermissionsBoundary=Ref("PermissionsBoundary"),
        Policies=[Policy(PolicyName="PackageMirror", PolicyDocument=policy)],
        Metadata=SEEING_ROLE,
        Tags=of_shared_services("package-mirror"),
    )


def task(proxy: Proxy, image: Any, configuration: str) -> TaskDefinition:
    """A container with a read-only root; its configuration comes by environment and lands on a scratch volume."""
    container = ContainerDefinition(
        Name=_CONTAINER,
        Image=image,
        Essential=True,
        EntryPoint=["/bin/sh", "-c"],
        Command=[_START],
        Environment=[Environment(Name="CONFIGURATION", Value=configuration)],
        PortMappings=[PortMapping(ContainerPort=PORT, Protocol="tcp")],
        ReadonlyRootFilesystem=True,
        MountPoints=[MountPoint(ContainerPath="/tmp", SourceVolume="scratch", ReadOnly=False)],
        LogConfiguration=LogConfiguration(
            LogDriver="awslogs",
            Options={
                "awslogs-group": Ref("MirrorLogGroup"),
                "awslogs-region": Ref("AWS::Region"),
                "awslogs-stream-prefix": _CONTAINER,
            },
        ),
    )
    return TaskDefinition(
        "MirrorTask",
        Family=Sub("package-mirror-${StackSetName}"),
        RequiresCompatibilities=["FARGATE"],
        NetworkMode="awsvpc",
        Cpu=proxy.cpu,
        Memory=proxy.memory,
        RuntimePlatform=RuntimePlatform(CpuArchitecture=proxy.architecture, OperatingSystemFamily="LINUX"),
        ExecutionRoleArn=GetAtt("MirrorExecutionRole", "Arn"),
        ContainerDefinitions=[container],
        Volumes=[Volume(Name="scratch")],
        Tags=of_shared_services("package-mirror"),
    )


def service(subnets: Any, groups: list[Any]) -> Service:
    """Two tasks; a deployment that fails goes back by itself."""
    return Service(
        "MirrorService",
        DependsOn=["MirrorListener"],
        Cluster=Ref("MirrorCluster"),
        TaskDefinition=Ref("MirrorTask"),
        LaunchType="FARGATE",
        DesiredCount=2,
        HealthCheckGracePeriodSeconds=60,
        DeploymentConfiguration=DeploymentConfiguration(
            MinimumHealthyPercent=100,
            MaximumPercent=200,
            DeploymentCircuitBreaker=DeploymentCircuitBreaker(Enable=True, Rollback=True),
        ),
        NetworkConfiguration=NetworkConfiguration(
            AwsvpcConfiguration=AwsvpcConfiguration(Subnets=subnets, SecurityGroups=groups, AssignPublicIp="DISABLED")
        ),
        LoadBalancers=[LoadBalancer(ContainerName=_CONTAINER, ContainerPort=PORT, TargetGroupArn=Ref("MirrorTargets"))],
        Tags=of_shared_services("package-mirror"),
    )


def balancer(subnets: Any, group: Any) -> NetworkLoadBalancer:
    """Internal. Rules of its group do not hold for PrivateLink, whose callers the endpoint service admits instead."""
    return NetworkLoadBalancer(
        "MirrorBalancer",
        Metadata=scan_exception(CKV_AWS_91="a network balancer logs TLS listeners only, and this one has none"),
        Type="network",
        Scheme="internal",
        Subnets=subnets,
        SecurityGroups=[group],
        EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic="off",
        LoadBalancerAttributes=[LoadBalancerAttributes(Key="load_balancing.cross_zone.enabled", Value="true")],
        Tags=of_shared_services("package-mirror"),
    )


def targets(vpc: Any) -> TargetGroup:
    return TargetGroup(
        "MirrorTargets",
        VpcId=vpc,
        TargetType="ip",
        Protocol="TCP",
        Port=PORT,
        HealthCheckProtocol="HTTP",
        HealthCheckPath="/health",
        TargetGroupAttributes=[TargetGroupAttribute(Key="deregistration_delay.timeout_seconds", Value="30")],
        Tags=of_shared_services("package-mirror"),
    )


def listener() -> Listener:
    forward = ListenerAction(Type="forward", TargetGroupArn=Ref("MirrorTargets"))
    return Listener(
        "MirrorListener", LoadBalancerArn=Ref("MirrorBalancer"), Protocol="TCP", Port=80, DefaultActions=[forward]
    )


def endpoint_service() -> VPCEndpointService:
    """Admission is decided by the allowed principals, so that nobody has to accept each environment by hand."""
    return VPCEndpointService(
        "MirrorEndpointService",
        NetworkLoadBalancerArns=[Ref("MirrorBalancer")],
        AcceptanceRequired=False,
        Metadata=scan_exception(CKV_AWS_123="only principals that are named may connect; see its permissions"),
    )


def endpoint_permissions(principals: Any) -> VPCEndpointServicePermissions:
    return VPCEndpointServicePermissions(
        "MirrorEndpointPermissions", ServiceId=Ref("MirrorEndpointService"), AllowedPrincipals=principals
    )
