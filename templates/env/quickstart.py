"""data-science-environment-quickstart.yaml: core and one single-account environment in one stack, for trials."""

from __future__ import annotations

from itertools import combinations

from troposphere import GetAZs, Join, Select, Sub

from generator.cfn import rules
from generator.cfn.contract import Out, Rule
from generator.cfn.stack import Nested, Stack, passing
from templates.core.main import CoreMain
from templates.env.main import EnvMain
from templates.parameters import env_name, env_type, environment_tags

ZONES = 2


class DataScienceEnvironmentQuickstart(Stack):
    """Two Availability Zones, whichever the Region lists first; staging and production are this account."""

    FILE = "data-science-environment-quickstart.yaml"
    DESCRIPTION = "Data science environment for trials: core and one environment in a single account"

    ENV_NAME = env_name(label="Environment name")
    ENV_TYPE = env_type(label="Environment type")
    CREATE_SHARED_SERVICES = CoreMain.CREATE_SHARED_SERVICES
    SEED_BUCKET = EnvMain.SEED_BUCKET
    VPC_CIDR = EnvMain.VPC_CIDR
    PRIVATE_1_CIDR = EnvMain.PRIVATE_1_CIDR
    PRIVATE_2_CIDR = EnvMain.PRIVATE_2_CIDR
    PRIVATE_3_CIDR = EnvMain.PRIVATE_3_CIDR
    PUBLIC_1_CIDR = EnvMain.PUBLIC_1_CIDR
    PUBLIC_2_CIDR = EnvMain.PUBLIC_2_CIDR
    PUBLIC_3_CIDR = EnvMain.PUBLIC_3_CIDR

    BLOCKS_RULE = Rule(
        "CIDR",
        tuple(
            (rules.negate({"Fn::Equals": [first, second]}), f"{first.name} and {second.name} are the same addresses")
            for first, second in combinations(
                (PRIVATE_1_CIDR, PRIVATE_2_CIDR, PRIVATE_3_CIDR, PUBLIC_1_CIDR, PUBLIC_2_CIDR, PUBLIC_3_CIDR), 2
            )
        ),
    )

    ASSUME_ADMINISTRATOR = Out("AssumeDSAdministratorRole", "Console link that switches to the administrator")
    ASSUME_TEAM_ADMINISTRATOR = Out("AssumeTeamAdminRole", "Console link that switches to the team administrator")
    ASSUME_DATA_SCIENTIST = Out("AssumeDataScientistRole", "Console link that switches to the data scientist")
    DOMAIN_ID = Out("SageMakerDomainId", "Id of the SageMaker domain")

    def build(self) -> None:
        core = self._core()
        env = self._environment(core)
        self.put(self.ASSUME_ADMINISTRATOR, core.get(CoreMain.ASSUME_ADMINISTRATOR))
        self.put(self.ASSUME_TEAM_ADMINISTRATOR, env.get(EnvMain.ASSUME_TEAM_ADMINISTRATOR))
        self.put(self.ASSUME_DATA_SCIENTIST, env.get(EnvMain.ASSUME_DATA_SCIENTIST))
        self.put(self.DOMAIN_ID, env.get(EnvMain.DOMAIN_ID))

    def _core(self) -> Nested:
        child = CoreMain
        wired = {
            **passing(self.CREATE_SHARED_SERVICES),
            child.STACK_SET_NAME: Sub("${EnvName}-${EnvType}"),
            child.CREATE_PORTFOLIO: "NO",
        }
        return self.nest(Nested("Core", child, wired, tags=environment_tags()))

    def _environment(self, core: Nested) -> Nested:
        """The environment, once the core's exports are there to be imported."""
        child = EnvMain
        private = (self.PRIVATE_1_CIDR, self.PRIVATE_2_CIDR, self.PRIVATE_3_CIDR)
        public = (self.PUBLIC_1_CIDR, self.PUBLIC_2_CIDR, self.PUBLIC_3_CIDR)
        wired = {
            **passing(self.SEED_BUCKET, self.VPC_CIDR, *private, *public),
            child.ENV_NAME: self.ENV_NAME,
            child.ENV_TYPE: self.ENV_TYPE,
            child.START_KERNEL_GATEWAY_APPS: "YES",
            child.USE_MIRROR: self.CREATE_SHARED_SERVICES,
            child.AVAILABILITY_ZONES: Join(",", [Select(zone, GetAZs()) for zone in range(ZONES)]),
            child.NUMBER_OF_AZS: str(ZONES),
        }
        tags = environment_tags()
        return self.nest(Nested("Environment", child, wired, depends_on=(core.title,), tags=tags))
