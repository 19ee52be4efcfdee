"""core-shared-services-ecs.yaml: the private package mirror, in CodeArtifact or on Fargate."""

from __future__ import annotations

from typing import Any

from awacs import codeartifact
from awacs.aws import Principal
from troposphere import Equals, GetAtt, Join, Not, Ref, Select, Split, Sub
from troposphere.codeartifact import Domain, Repository

from generator.cfn import iam, rules
from generator.cfn.arns import ACCOUNT, root_arn
from generator.cfn.contract import Cond, Out, Param, Rule
from generator.cfn.lint import lint_exception
from generator.cfn.stack import Stack
from templates.core import package_mirror
from templates.core import shared_services_proxy as proxy
from templates.core.package_mirror import GROUP, of_shared_services
from templates.env import vpc_endpoints as endpoints
from templates.env import vpc_groups as groups
from templates.env.vpc_contract import CODEARTIFACT_MIRROR

_BALANCER_GROUP = "MirrorBalancerSecurityGroup"
_TASK_GROUP = "MirrorTaskSecurityGroup"
_READS = (
    codeartifact.DescribePackageVersion,
    codeartifact.GetPackageVersionReadme,
    codeartifact.GetRepositoryEndpoint,
    codeartifact.ListPackages,
    codeartifact.ListPackageVersionAssets,
    codeartifact.ListPackageVersions,
    codeartifact.ReadFromRepository,
)


class CoreSharedServicesEcs(Stack):
    """CodeArtifact with the public Python package index as its source, where the Region has it; else a proxy."""

    FILE = "core-shared-services-ecs.yaml"
    DESCRIPTION = "Shared services: private mirror of Python packages"

    STACK_SET_NAME = package_mirror.STACK_SET_NAME
    KIND = package_mirror.KIND
    ORGANIZATION_ID = endpoints.ORGANIZATION_ID
    VPC_ID = Param("SharedServicesVPCId", "VPC of the proxy; needed with FARGATE", default="", group=GROUP)
    SUBNET_IDS = Param(
        "SharedServicesPrivateSubnetIds",
        "Private subnets of the proxy, separated by commas; needed with FARGATE",
        default="",
        group=GROUP,
    )
    GROUP_ID = Param(
        "SharedServicesSecurityGroupId",
        "Security group that reaches the VPC's endpoints; needed with FARGATE",
        default="",
        group=GROUP,
    )
    IMAGE = Param(
        "PackageMirrorImage",
        "Image of the proxy, an nginx; put a copy into ECR where public registries are out of bounds",
        default=package_mirror.proxy().image,
        group=GROUP,
    )
    CONSUMERS = Param(
        "PackageMirrorConsumerArns",
        "Principals that may connect to the proxy, such as the root of each account; empty: this account",
        type="CommaDelimitedList",
        default="",
        group=GROUP,
    )

    HAS_CODEARTIFACT = package_mirror.HAS_CODEARTIFACT
    USES_CODEARTIFACT = package_mirror.USES_CODEARTIFACT
    USES_FARGATE = package_mirror.USES_FARGATE
    IN_ORGANIZATION = endpoints.IN_ORGANIZATION
    HAS_CONSUMERS = Cond("HasConsumers", Not(Equals(Join("", CONSUMERS), "")))

    NETWORK_RULE = Rule(
        "FargateNetwork",
        tuple(
            (rules.given(parameter), f"{parameter.name} is needed when PackageMirror is FARGATE")
            for parameter in (VPC_ID, SUBNET_IDS, GROUP_ID)
        ),
        when=rules.equals(KIND, "FARGATE"),
    )

    SERVICE_NAME = Out(
        "PyPIMirrorEndpointServiceName",
        f"Endpoint service of the proxy; the word {CODEARTIFACT_MIRROR} where CodeArtifact is the mirror",
        export="ds-pypimirror-shared-service-endpoint-name",
    )
    DOMAIN_NAME = Out("PackageDomainName", "CodeArtifact domain; empty where the mirror is a proxy")
    READERS = Out("PackageReaders", "Organization, or else account, whose principals CodeArtifact lets read packages")
    REPOSITORY_NAME = Out("PackageRepositoryName", "CodeArtifact repository; empty where the mirror is a proxy")

    def build(self) -> None:
        self._fargate()
        service_name = Sub("com.amazonaws.vpce.${AWS::Region}.${MirrorEndpointService}")
        self.put(self.SERVICE_NAME, self.USES_FARGATE.then(service_name, CODEARTIFACT_MIRROR))
        self.put(self.READERS, self.IN_ORGANIZATION.then(self.ORGANIZATION_ID, ACCOUNT))
        # CloudFormation refuses a template that names types unknown in its Region, whatever the conditions say.
        if self.release.region in endpoints.codeartifact_regions():
            self._codeartifact()
            self.put(self.DOMAIN_NAME, self.USES_CODEARTIFACT.then(GetAtt("PackageDomain", "Name"), ""))
            self.put(self.REPOSITORY_NAME, self.USES_CODEARTIFACT.then(GetAtt("Packages", "Name"), ""))
        else:
            self.put(self.DOMAIN_NAME, "")
            self.put(self.REPOSITORY_NAME, "")

    def _codeartifact(self) -> None:
        for resource in (
            package_domain(self._organization_reads("GetTokens", [codeartifact.GetAuthorizationToken])),
            public_packages(),
            packages(self._organization_reads("ReadPackages", list(_READS))),
        ):
            self.add(resource, when=self.USES_CODEARTIFACT)

    def _organization_reads(self, sid: str, actions: list[Any]) -> Any:
        """The account's own principals need no resource policy; others of the organization do."""
        when = {"StringEquals": {"aws:PrincipalOrgID": self.ORGANIZATION_ID}}
        statement = iam.allow(sid, actions, "*", principal=Principal("*"), when=when)
        return self.IN_ORGANIZATION.then(iam.policy_with_choices(statement))

    def _fargate(self) -> None:
        for resource in (*self._fargate_groups(), *self._fargate_service()):
            self.add(resource, when=self.USES_FARGATE)

    def _fargate_groups(self) -> list[Any]:
        description = "Load balancer of the package mirror"
        first = groups.closed_group(_BALANCER_GROUP, description, self.VPC_ID, "sg-mirror-nlb", of_shared_services)
        task = groups.closed_group(
            _TASK_GROUP, "Tasks of the package mirror", self._vpc(), "sg-mirror", of_shared_services
        )
        return [
            _with_network(first, "W1030"),
            task,
            *groups.passage("ProxyHTTP", _BALANCER_GROUP, _TASK_GROUP, proxy.PORT, "HTTP to the proxy"),
        ]

    def _fargate_service(self) -> list[Any]:
        facts = package_mirror.proxy()
        subnets = Split(",", self.SUBNET_IDS)
        consumers = self.HAS_CONSUMERS.then(self.CONSUMERS, [root_arn()])
        return [
            proxy.cluster(),
            proxy.log_group(),
            proxy.execution_boundary(),
            proxy.execution_role(),
            proxy.task(facts, self.IMAGE, package_mirror.proxy_configuration()),
            _with_network(proxy.balancer(subnets, GetAtt(_BALANCER_GROUP, "GroupId")), "W1033"),
            proxy.targets(self._vpc()),
            proxy.listener(),
            _with_network(proxy.service(subnets, [self.GROUP_ID, GetAtt(_TASK_GROUP, "GroupId")]), "W1030", "W1033"),
            proxy.endpoint_service(),
            proxy.endpoint_permissions(consumers),
        ]

    def _vpc(self) -> Any:
        """The VPC as the first group knows it."""
        return GetAtt(_BALANCER_GROUP, "VpcId")


def _with_network(resource: Any, *checks: str) -> Any:
    """The resource, with cfn-lint told why the network's parameters may be empty by default."""
    reason = (
        "the parameters of the network are empty only where CodeArtifact is the mirror, and then this is not created"
    )
    resource.resource["Metadata"] = {**resource.resource.get("Metadata", {}), **lint_exception(reason, *checks)}
    return resource


def package_domain(policy: Any) -> Domain:
    """Named by the stack's own id: a domain's name is unique in account and Region, and takes lower case only."""
    unique = Select(0, Split("-", Select(2, Split("/", Ref("AWS::StackId")))))
    return Domain(
        "PackageDomain",
        DomainName=Sub("packages-${Unique}", {"Unique": unique}),
        PermissionsPolicyDocument=policy,
        Tags=of_shared_services("packages"),
    )


def public_packages() -> Repository:
    """Fetches from the public index; nobody outside the account reads it directly."""
    return Repository(
        "PublicPackages",
        DomainName=GetAtt("PackageDomain", "Name"),
        RepositoryName="pypi-store",
        Description="Packages of the public Python package index",
        ExternalConnections=["public:pypi"],
        Tags=of_shared_services("packages"),
    )


def packages(policy: Any) -> Repository:
    """What teams use; own packages may stand beside public ones here."""
    return Repository(
        "Packages",
        DomainName=GetAtt("PackageDomain", "Name"),
        RepositoryName="pypi",
        Description="Packages for all environments",
        Upstreams=[GetAtt("PublicPackages", "Name")],
        PermissionsPolicyDocument=policy,
        Tags=of_shared_services("packages"),
    )
