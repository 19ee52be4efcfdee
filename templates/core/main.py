"""core-main.yaml: what all environments of an account and Region share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from troposphere import Equals, GetAtt, Not, Or, Ref, Sub
from troposphere.awslambda import Function

from generator.cfn import rules
from generator.cfn.contract import Cond, Out, Param, Rule, switch
from generator.cfn.stack import Nested, Stack, passing
from generator.cfn.tags import tags
from templates.core import main_functions as functions
from templates.core import product_versions
from templates.core.iam_sc_sm_projects_roles import CoreIamScSmProjectsRoles
from templates.core.iam_shared_roles import CoreIamSharedRoles
from templates.core.sc_shared_portfolio import CoreScSharedPortfolio
from templates.core.security_controls import CoreSecurityControls
from templates.core.shared_services_ecs import CoreSharedServicesEcs
from templates.core.shared_services_network import CoreSharedServicesNetwork
from templates.functions import function, log_group, token

_NAME = "Stack name"
_OPTIONS = "Deployment options"
_ROLES = "IAM Role ARNs (only needed if created outside of this stack)"
_ROLE_ARN = r"(arn:[a-z-]+:iam::\d{12}:role/[\w+=,.@/-]+)?"


def _role(name: str, who: str) -> Param:
    return Param(name, f"Role of {who}, when CreateIAMRoles is NO", default="", pattern=_ROLE_ARN, group=_ROLES)


class CoreMain(Stack):
    """Roles, shared services, the environments' portfolio, the controls, and the function that projects ask."""

    FILE = "core-main.yaml"
    DESCRIPTION = "Data science core: shared roles and services, Service Catalog portfolio, security controls"

    STACK_SET_NAME = Param(
        "StackSetName",
        "Name that the resources of this stack share",
        # SSM keeps parameter names that begin with aws or ssm, in any case, to itself.
        pattern="(?![Aa][Ww][Ss]|[Ss][Ss][Mm])[A-Za-z0-9][A-Za-z0-9-]*",
        max_length=28,
        group=_NAME,
        label="Common name of the core resources",
    )
    EXPORT_PREFIX = Param(
        "ExportPrefix",
        "How the exports of this stack begin; a second core stack in a Region needs another one",
        default="ds",
        pattern="[A-Za-z0-9-]+",
        group=_NAME,
        label="Prefix of exports",
    )
    CREATE_ROLES = switch(
        "CreateIAMRoles", "NO takes the roles that another process created", group=_OPTIONS, label="Create IAM roles"
    )
    CREATE_SHARED_SERVICES = switch(
        "CreateSharedServices",
        "Create the shared services network and the private package mirror",
        default="NO",
        group=_OPTIONS,
        label="Create shared services",
    )
    CREATE_PORTFOLIO = switch(
        "CreateSCPortfolio",
        "Offer environments as a Service Catalog product",
        group=_OPTIONS,
        label="Offer environments in Service Catalog",
    )
    ADMINISTRATOR_ARN = _role("DSAdministratorRoleArn", "the data science administrator")
    LAUNCH_ARN = _role("SCLaunchRoleArn", "the launch of environments")
    CONTROL_ARN = _role("SecurityControlExecutionRoleArn", "the security controls")
    CONFIGURATION_ARN = _role("EnvironmentConfigurationRoleArn", "the function that projects ask for their environment")
    VERSIONS_ARN = _role("ProductVersionsRoleArn", "the function that keeps the versions of the environment product")
    SHARED_NAME = CoreScSharedPortfolio.PRINCIPAL_NAME
    LOCAL_LAUNCH_NAME = CoreScSharedPortfolio.LOCAL_ROLE_NAME
    SHARED_CIDR = CoreSharedServicesNetwork.VPC_CIDR
    MIRROR_KIND = CoreSharedServicesEcs.KIND
    MIRROR_CONSUMERS = CoreSharedServicesEcs.CONSUMERS
    ORGANIZATION_ID = CoreSharedServicesEcs.ORGANIZATION_ID
    CORRECTIVE_ACTIONS = CoreSecurityControls.CORRECTIVE_ACTIONS
    CONFIG_RULES = CoreSecurityControls.CONFIG_RULES
    SCHEDULE = CoreSecurityControls.SCHEDULE
    NOTIFICATION_EMAIL = CoreSecurityControls.NOTIFICATION_EMAIL

    CREATES_ROLES = Cond("CreatesRoles", Equals(CREATE_ROLES, "YES"))
    CREATES_SHARED_SERVICES = Cond("CreatesSharedServices", Equals(CREATE_SHARED_SERVICES, "YES"))
    CREATES_PORTFOLIO = Cond("CreatesPortfolio", Equals(CREATE_PORTFOLIO, "YES"))
    ANSWERS_PROJECTS = Cond("AnswersProjects", Or(Equals(CREATE_ROLES, "YES"), Not(Equals(CONFIGURATION_ARN, ""))))

    ROLES_RULE = Rule(
        "IAMRoles",
        tuple(
            (rules.given(parameter), f"{parameter.name} is needed when CreateIAMRoles is NO")
            for parameter in (ADMINISTRATOR_ARN, LAUNCH_ARN, CONTROL_ARN)
        ),
        when=rules.equals(CREATE_ROLES, "NO"),
    )

    ASSUME_ADMINISTRATOR = Out(
        "AssumeDSAdministratorRole", "Console link that switches to the administrator; empty if created elsewhere"
    )
    LAUNCH_ROLE_ARN = Out(
        "SCLaunchRoleArn",
        "Role that launches environments",
        export=Sub("${ExportPrefix}-service-catalog-launch-role-arn"),
    )
    CONFIGURATION_FUNCTION_ARN = Out(
        "GetEnvironmentConfigurationLambdaArn",
        "Function that tells a project its environment",
        export=Sub("${ExportPrefix}-get-environment-configuration-lambda-arn"),
        when=ANSWERS_PROJECTS,
    )
    PORTFOLIO_ID = Out("PortfolioId", "Id of the portfolio of environments; empty without one")
    PRODUCT_ID = Out("ProductId", "Id of the environment product; empty without one")
    PRODUCT_NAME = Out("ProductName", "Name of the environment product; empty without one")
    VERSION_IDS = Out("ProvisioningArtifactIds", "Ids of the product's versions; empty without one")
    VERSION_NAMES = Out("ProvisioningArtifactNames", "Names of the product's versions; empty without one")

    def build(self) -> None:
        boundary = Ref(self.add(functions.functions_boundary(), self.CREATES_ROLES))
        self._project_roles(boundary)
        roles = self._shared_roles()
        launch = roles.get(CoreIamSharedRoles.LAUNCH_ARN, otherwise=self.LAUNCH_ARN)
        administrator = roles.get(CoreIamSharedRoles.ADMINISTRATOR_ARN, otherwise=self.ADMINISTRATOR_ARN)
        self._answer_projects(boundary)
        self._shared_services()
        self._portfolio(administrator, launch)
        self._child(
            "DSSecurityControls",
            CoreSecurityControls,
            {
                **passing(self.CORRECTIVE_ACTIONS, self.CONFIG_RULES, self.SCHEDULE, self.NOTIFICATION_EMAIL),
                CoreSecurityControls.ROLE_ARN: roles.get(CoreIamSharedRoles.CONTROL_ARN, otherwise=self.CONTROL_ARN),
            },
        )
        self.put(self.ASSUME_ADMINISTRATOR, roles.get(CoreIamSharedRoles.ASSUME_ADMINISTRATOR, otherwise=""))
        self.put(self.LAUNCH_ROLE_ARN, launch)

    def _child(
        self,
        title: str,
        child: type[Stack],
        parameters: Mapping[Param, Any],
        *,
        when: Cond | None = None,
    ) -> Nested:
        """A child that shares this stack's name, where it has use for it."""
        known = child.contract().parameters
        name = {known["StackSetName"]: self.STACK_SET_NAME} if "StackSetName" in known else {}
        owner = tags(Owner=functions.owner())
        return self.nest(Nested(title, child, {**name, **parameters}, when=when, tags=owner))

    def _function(self, title: str, source: str, description: str, role: Any, when: Cond) -> Function:
        log = self.add(log_group(f"{title}Logs", f"${{StackSetName}}-{source}"), when)
        return self.add(function(self.release, title, source, description, role=role, log=log), when)

    def _project_roles(self, boundary: Ref) -> None:
        """SageMaker wants these two roles by name, once an account: they are created where nobody has yet."""
        role = self.add(functions.check_role(boundary), self.CREATES_ROLES)
        check = self._function(
            "CheckRolesExistFunction",
            "check-roles-exist",
            "Finds out which of SageMaker's roles are missing",
            GetAtt(role, "Arn"),
            self.CREATES_ROLES,
        )
        missing = self.add(functions.missing_roles(token(check)), self.CREATES_ROLES)
        child = CoreIamScSmProjectsRoles
        wired = {child.LAUNCH_NAME: GetAtt(missing, functions.LAUNCH), child.USE_NAME: GetAtt(missing, functions.USE)}
        self._child("IAMSCSageMakerProjectRoles", child, wired, when=self.CREATES_ROLES)

    def _shared_roles(self) -> Nested:
        child = CoreIamSharedRoles
        names = {
            child.ADMINISTRATOR_NAME: Sub(functions.ADMINISTRATOR_NAME),
            child.LAUNCH_NAME: Sub(functions.LAUNCH_NAME),
            child.CONTROL_NAME: Sub(functions.CONTROL_NAME),
        }
        return self._child("IAMSharedRoles", child, names, when=self.CREATES_ROLES)

    def _answer_projects(self, boundary: Ref) -> None:
        role = self.add(functions.configuration_role(boundary), self.CREATES_ROLES)
        told = functions.configuration_role_parameter(
            self.CREATES_ROLES.then(GetAtt(role, "Arn"), self.CONFIGURATION_ARN)
        )
        made = self._function(
            "GetEnvironmentConfigurationFunction",
            "get-environment-configuration",
            "Tells a project the environment that it belongs to",
            GetAtt(self.add(told, self.ANSWERS_PROJECTS), "Value"),
            self.ANSWERS_PROJECTS,
        )
        self.put(self.CONFIGURATION_FUNCTION_ARN, token(made))

    def _shared_services(self) -> None:
        child, wanted = CoreSharedServicesNetwork, self.CREATES_SHARED_SERVICES
        network = passing(self.MIRROR_KIND, self.SHARED_CIDR, self.ORGANIZATION_ID)
        title = self._child("SharedServicesNetwork", child, network, when=wanted).title
        mirror = CoreSharedServicesEcs
        self._child(
            "SharedServicesPyPIMirror",
            mirror,
            {
                **passing(self.MIRROR_KIND, self.MIRROR_CONSUMERS, self.ORGANIZATION_ID),
                mirror.VPC_ID: GetAtt(title, f"Outputs.{child.VPC_ID.name}"),
                mirror.SUBNET_IDS: GetAtt(title, f"Outputs.{child.SUBNET_IDS.name}"),
                mirror.GROUP_ID: GetAtt(title, f"Outputs.{child.GROUP_ID.name}"),
            },
            when=wanted,
        )

    def _portfolio(self, administrator: Any, launch: Any) -> None:
        child = CoreScSharedPortfolio
        ceiling = self.add(product_versions.version_boundary(self.release), self.CREATES_ROLES).ref()
        keeper = self.add(product_versions.version_role(self.release, ceiling), self.CREATES_ROLES)
        wired = {
            **passing(self.SHARED_NAME, self.LOCAL_LAUNCH_NAME),
            child.PRINCIPAL_ARN: administrator,
            child.LAUNCH_ROLE_ARN: launch,
            child.VERSION_ROLE_ARN: self.CREATES_ROLES.then(GetAtt(keeper, "Arn"), self.VERSIONS_ARN),
        }
        portfolio = self._child("SharedServiceCatalogPortfolio", child, wired, when=self.CREATES_PORTFOLIO)
        for own, output in (
            (self.PORTFOLIO_ID, child.PORTFOLIO_ID),
            (self.PRODUCT_ID, child.PRODUCT_ID),
            (self.PRODUCT_NAME, child.PRODUCT_NAME),
            (self.VERSION_IDS, child.VERSION_IDS),
            (self.VERSION_NAMES, child.VERSION_NAMES),
        ):
            self.put(own, portfolio.get(output, otherwise=""))
