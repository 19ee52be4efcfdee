"""One environment: which children, stack sets, look-ups and published values each kind of deployment has."""

from __future__ import annotations

from typing import Any

import pytest

from templates.env.main import EnvMain
from tests.templates.deployed import ACCOUNT, Deployed
from tests.templates.release import FakeRelease

STAGING, PROD = "111111111111,111111111112", "333333333331"
LISTS = {"StagingAccountList": STAGING, "ProductionAccountList": PROD}
UNITS = {"OrganizationalUnitStagingId": "ou-ab12-staging00", "OrganizationalUnitProdId": "ou-ab12-prod0000"}
REQUIRED = {"SeedCodeS3BucketName": "my-bucket", "AvailabilityZones": "eu-west-1a,eu-west-1b"}
ROLE = "arn:aws:iam::222222222222:role/own"
OWN_ROLES = {
    "CreateEnvironmentIAMRoles": "NO",
    "DSTeamAdministratorRoleArn": f"{ROLE}-team",
    "DataScientistRoleArn": f"{ROLE}-scientist",
    "SageMakerExecutionRoleArn": f"{ROLE}-execution",
    "SageMakerPipelineExecutionRoleArn": f"{ROLE}-pipeline",
    "SCProjectLaunchRoleArn": f"{ROLE}-launch",
    "SetupLambdaExecutionRoleArn": f"{ROLE}-setup",
    "SageMakerModelExecutionRoleName": "own-model",
    "VPCFlowLogsRoleArn": f"{ROLE}-flow",
}
CHILDREN = {
    "EnvironmentIAMRoles",
    "EnvironmentVPC",
    "EnvironmentKMSKeys",
    "EnvironmentS3",
    "EnvironmentSageMakerStudio",
    "EnvironmentSCPortfolio",
    "EnvironmentSCWorkspaces",
    "EnvironmentTargetRoles",
}
SETS = ["StagingRoles", "ProductionRoles", "StagingNetwork", "ProductionNetwork"]


class Environment(Deployed):
    """An environment whose look-ups answer with lists of one."""

    LISTS = ("OrganizationalUnitPaths", "SubnetIds", "RouteTableIds")

    def attribute(self, logical_id: str, attribute: str) -> Any:
        value = super().attribute(logical_id, attribute)
        return [value] if attribute in self.LISTS else value


def deployed(**parameters: str) -> Deployed:
    return Environment(EnvMain, **REQUIRED, **parameters)


def children(stack: Deployed) -> dict[str, dict[str, Any]]:
    return {title: body["Parameters"] for title, body in stack.resources("AWS::CloudFormation::Stack").items()}


def told(stack: Deployed) -> dict[str, str]:
    """SSM values by name without the environment's prefix."""
    found = stack.resources("AWS::SSM::Parameter").values()
    return {body["Name"].removeprefix("sm-mlops-dev-"): body["Value"] for body in found}


class TestKindsOfDeployment:
    def test_a_single_account_has_the_roles_of_both_stages_and_no_stack_set(self) -> None:
        stack = deployed()
        assert set(children(stack)) == CHILDREN | {"StagingRolesInThisAccount", "ProductionRolesInThisAccount"}
        assert stack.resources("AWS::CloudFormation::StackSet") == {}
        assert stack.resources("Custom::GetOUAccounts") == {}
        assert children(stack)["StagingRolesInThisAccount"]["EnvType"] == "staging"
        assert stack.rules_broken() == []

    @pytest.mark.parametrize("targets", [LISTS, UNITS])
    def test_several_accounts_have_a_stack_set_for_each_layer_and_stage(self, targets: dict[str, str]) -> None:
        stack = deployed(**targets)
        assert set(children(stack)) == CHILDREN
        names = {
            title: body["StackSetName"] for title, body in stack.resources("AWS::CloudFormation::StackSet").items()
        }
        assert names == {
            "StagingRoles": "sm-mlops-dev-roles-staging",
            "ProductionRoles": "sm-mlops-dev-roles-prod",
            "StagingNetwork": "sm-mlops-dev-network-staging",
            "ProductionNetwork": "sm-mlops-dev-network-prod",
        }
        assert stack.rules_broken() == []

    @pytest.mark.parametrize("targets", [LISTS, UNITS, {**LISTS, **UNITS}])
    def test_the_orchestrators_sets_are_not_also_the_templates(self, targets: dict[str, str]) -> None:
        stack = deployed(StackSetsOwner="ORCHESTRATOR", **targets)
        assert stack.resources("AWS::CloudFormation::StackSet") == {}
        assert stack.rules_broken() == []

    def test_without_network_infrastructure_only_roles_are_set_up(self) -> None:
        stack = deployed(CreateTargetAccountNetworkInfra="NO", **LISTS)
        assert list(stack.resources("AWS::CloudFormation::StackSet")) == SETS[:2]

    def test_roles_of_another_process_need_nothing_else(self) -> None:
        """B006: what the documentation of bring-your-own roles asks for passes the template's own rules."""
        stack = deployed(**OWN_ROLES)
        assert stack.rules_broken() == []
        assert set(children(stack)) == CHILDREN - {
            "EnvironmentIAMRoles",
            "EnvironmentSCWorkspaces",
            "EnvironmentTargetRoles",
        }
        assert children(stack)["EnvironmentKMSKeys"]["SageMakerExecutionRoleArn"] == f"{ROLE}-execution"
        assert children(stack)["EnvironmentVPC"]["VPCFlowLogsRoleArn"] == f"{ROLE}-flow"
        boundary = f"arn:aws:iam::{ACCOUNT}:policy/sm-mlops-dev-eu-west-1-project-boundary"
        assert told(stack)["project-boundary-arn"] == boundary

    def test_projects_are_launched_with_the_environments_own_role(self) -> None:
        """B084."""
        launched = children(deployed())["EnvironmentSCPortfolio"]["SCMLOpsProductLaunchRoleArn"]
        assert launched == "EnvironmentIAMRoles.Outputs.SCProjectLaunchRoleArn"

    def test_roles_of_another_process_in_several_accounts_leave_the_network_to_the_template(self) -> None:
        names = {"StackSetAdministrationRoleArn": f"{ROLE}-admin", "StackSetExecutionRoleName": "own-deploy"}
        stack = deployed(**OWN_ROLES, **names, **LISTS)
        assert stack.rules_broken() == []
        sets = stack.resources("AWS::CloudFormation::StackSet")
        assert list(sets) == SETS[2:]
        assert (
            sets["StagingNetwork"]["Description"] == "Network of the staging accounts; their roles: created elsewhere"
        )
        assert told(stack)["stackset-execution-role-name-staging"] == "own-deploy"


RULES = {
    "roles": (
        {"CreateEnvironmentIAMRoles": "NO", "CreateVPCFlowLogsToCloudWatch": "NO"},
        [
            "DSTeamAdministratorRoleArn is needed when CreateEnvironmentIAMRoles is NO",
            "DataScientistRoleArn is needed when CreateEnvironmentIAMRoles is NO",
            "SageMakerExecutionRoleArn is needed when CreateEnvironmentIAMRoles is NO",
            "SageMakerPipelineExecutionRoleArn is needed when CreateEnvironmentIAMRoles is NO",
            "SCProjectLaunchRoleArn is needed when CreateEnvironmentIAMRoles is NO",
            "SetupLambdaExecutionRoleArn is needed when CreateEnvironmentIAMRoles is NO",
            "SageMakerModelExecutionRoleName is needed when CreateEnvironmentIAMRoles is NO",
        ],
    ),
    "stack set roles": (
        {**OWN_ROLES, **LISTS},
        [
            "StackSetAdministrationRoleArn is needed for several accounts when CreateEnvironmentIAMRoles is NO",
            "StackSetExecutionRoleName is needed for several accounts when CreateEnvironmentIAMRoles is NO",
        ],
    ),
    "flow logs": (
        {"CreateVPCFlowLogsRole": "NO"},
        ["VPCFlowLogsRoleArn is needed for flow logs when their role is not created here"],
    ),
    "one unit": (
        {"OrganizationalUnitStagingId": "ou-ab12-staging00"},
        ["OrganizationalUnitStagingId and OrganizationalUnitProdId are given both or not at all"],
    ),
    "one list": (
        {"ProductionAccountList": PROD},
        ["StagingAccountList and ProductionAccountList are given both or not at all"],
    ),
    "both": ({**LISTS, **UNITS}, ["Give organizational units or account lists, not both"]),
    "names of roles that are created": (
        {"SageMakerModelExecutionRoleName": "own-model", "StackSetExecutionRoleName": "own-deploy"},
        [
            "SageMakerModelExecutionRoleName is for existing roles: set CreateEnvironmentIAMRoles to NO",
            "StackSetExecutionRoleName is for existing roles: set CreateEnvironmentIAMRoles to NO",
        ],
    ),
    "two stages of one name": (
        {"EnvTypeStagingName": "prod", **LISTS},
        ["EnvTypeStagingName and EnvTypeProdName are names of two stages"],
    ),
    "a stage in its own account": (
        {"EnvType": "prod"},
        ["EnvType is the name of no stage when all stages are in this account"],
    ),
    "new buckets": (
        {"DataBucketName": "data"},
        ["DataBucketName and ModelBucketName are for existing buckets: set CreateEnvironmentS3Buckets to NO"],
    ),
    "existing buckets": (
        {"CreateEnvironmentS3Buckets": "NO", "DataBucketName": "data"},
        ["DataBucketName and ModelBucketName are both needed when CreateEnvironmentS3Buckets is NO"],
    ),
}


@pytest.mark.parametrize(("parameters", "broken"), RULES.values(), ids=RULES.keys())
def test_rules_say_what_to_give(parameters: dict[str, str], broken: list[str]) -> None:
    assert deployed(**parameters).rules_broken() == broken


class TestStackSets:
    """B022, B070, B071."""

    def test_roles_come_before_networks_and_staging_before_production(self) -> None:
        """B022, B071."""
        resources = EnvMain(FakeRelease()).document()["Resources"]
        assert {title: resources[title].get("DependsOn", []) for title in SETS} == {
            "StagingRoles": [],
            "ProductionRoles": ["StagingRoles"],
            "StagingNetwork": [],
            "ProductionNetwork": ["StagingNetwork"],
        }
        sets = deployed(**LISTS).resources("AWS::CloudFormation::StackSet")
        assert sets["StagingNetwork"]["Description"] == "Network of the staging accounts; their roles: StagingRoles"
        assert (
            sets["ProductionNetwork"]["Description"]
            == "Network of the production accounts; their roles: ProductionRoles"
        )

    def test_the_administration_role_outlives_the_sets(self) -> None:
        """B022."""
        resources = EnvMain(FakeRelease()).document()["Resources"]
        role = {"Fn::GetAtt": ["StackSetAdministrationRoleSSM", "Value"]}
        assert [resources[title]["Properties"]["AdministrationRoleARN"] for title in SETS] == [role] * 4
        assert resources["StackSetAdministrationRoleSSM"]["Properties"]["Value"]["Fn::If"][1] == {
            "Fn::GetAtt": ["EnvironmentIAMRoles", "Outputs.StackSetAdministrationRoleArn"]
        }

    def test_the_whole_set_of_staging_roles(self) -> None:
        """B070."""
        assert deployed(**LISTS).resources("AWS::CloudFormation::StackSet")["StagingRoles"] == {
            "StackSetName": "sm-mlops-dev-roles-staging",
            "Description": "Roles of the staging accounts",
            "PermissionModel": "SELF_MANAGED",
            "AdministrationRoleARN": "EnvironmentIAMRoles.Outputs.StackSetAdministrationRoleArn",
            "ExecutionRoleName": "sm-mlops-dev-eu-west-1-setup-stackset",
            "Capabilities": ["CAPABILITY_NAMED_IAM"],
            "ManagedExecution": {"Active": True},
            "OperationPreferences": {
                "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE",
                "MaxConcurrentPercentage": 100,
                "FailureTolerancePercentage": 10,
                "RegionConcurrencyType": "PARALLEL",
            },
            "TemplateURL": "https://my-bucket.s3.eu-west-1.amazonaws.com/sagemaker-mlops/templates/0123456789abcdef/"
            "env-iam-target-account-roles.yaml",
            "Parameters": [
                {"ParameterKey": "EnvName", "ParameterValue": "sm-mlops"},
                {"ParameterKey": "EnvType", "ParameterValue": "staging"},
                {"ParameterKey": "SageMakerModelExecutionRoleName", "ParameterValue": ""},
                {"ParameterKey": "StackSetExecutionRoleName", "ParameterValue": ""},
                {
                    "ParameterKey": "PipelineExecutionRoleArn",
                    "ParameterValue": "EnvironmentIAMRoles.Outputs.SageMakerPipelineExecutionRoleArn",
                },
                {"ParameterKey": "AdministratorAccountId", "ParameterValue": ACCOUNT},
                {
                    "ParameterKey": "StackSetAdministrationRoleArn",
                    "ParameterValue": "EnvironmentIAMRoles.Outputs.StackSetAdministrationRoleArn",
                },
                {"ParameterKey": "AdministratorEnvType", "ParameterValue": "dev"},
                {"ParameterKey": "ModelBucketName", "ParameterValue": "EnvironmentS3.Outputs.ModelBucketName"},
                {"ParameterKey": "ModelS3KMSKeyArn", "ParameterValue": "EnvironmentKMSKeys.Outputs.S3BucketKMSKeyArn"},
                {"ParameterKey": "CreateVPCFlowLogsRole", "ParameterValue": "YES"},
            ],
            "StackInstancesGroup": [{"DeploymentTargets": {"Accounts": STAGING.split(",")}, "Regions": ["eu-west-1"]}],
            "Tags": [
                {"Key": "EnvironmentName", "Value": "sm-mlops"},
                {"Key": "EnvironmentType", "Value": "staging"},
            ],
        }

    @pytest.mark.parametrize(
        ("given", "logged"),
        [
            ({}, ("YES", "YES")),
            ({"CreateVPCFlowLogsToCloudWatch": "NO"}, ("NO", "NO")),
            ({"CreateVPCFlowLogsRole": "NO", "VPCFlowLogsRoleArn": "arn:aws:iam::222222222222:role/x"}, ("NO", "NO")),
        ],
    )
    def test_targets_have_flow_logs_where_the_environment_has_and_makes_their_role(
        self, given: dict[str, str], logged: tuple[str, str]
    ) -> None:
        """B057."""
        sets = deployed(VPCFlowLogsTrafficType="ALL", **LISTS, **given).resources("AWS::CloudFormation::StackSet")
        for stage in ("Staging", "Production"):
            of_roles, of_network = (
                {one["ParameterKey"]: one["ParameterValue"] for one in sets[f"{stage}{layer}"]["Parameters"]}
                for layer in ("Roles", "Network")
            )
            told = (of_roles["CreateVPCFlowLogsRole"], of_network["CreateVPCFlowLogsToCloudWatch"])
            assert (told, of_network["VPCFlowLogsTrafficType"]) == (logged, "ALL")

    def test_each_stages_network_has_addresses_of_its_own(self) -> None:
        """B056."""
        sets = deployed(ProductionVPCCIDR="10.9.0.0/16", **LISTS).resources("AWS::CloudFormation::StackSet")

        def addresses(title: str) -> list[str]:
            given = {one["ParameterKey"]: one["ParameterValue"] for one in sets[title]["Parameters"]}
            return [value for name, value in given.items() if name.endswith("CIDR")]

        assert addresses("StagingNetwork") == [
            "10.1.0.0/16",
            "10.1.0.0/19",
            "10.1.32.0/19",
            "10.1.64.0/19",
            "10.1.96.0/19",
            "10.1.128.0/20",
            "10.1.144.0/20",
            "10.1.160.0/20",
            "10.1.176.0/20",
        ]
        assert addresses("ProductionNetwork")[:2] == ["10.9.0.0/16", "10.9.0.0/19"]

    def test_a_target_always_has_an_s3_endpoint_of_its_own(self) -> None:
        given = {"CreateS3VPCEndpoint": "NO", "ExistingS3VPCEndpointId": "vpce-1", "CreateCodeCommitVPCEndpoint": "NO"}
        sets = deployed(**given, **LISTS).resources("AWS::CloudFormation::StackSet")
        parameters = {one["ParameterKey"]: one["ParameterValue"] for one in sets["StagingNetwork"]["Parameters"]}
        assert parameters.get("CreateS3VPCEndpoint") is None
        assert parameters.get("ExistingS3VPCEndpointId") is None
        assert parameters["CreateCodeCommitVPCEndpoint"] == "NO"


class TestTargets:
    def test_units_are_looked_up_and_admitted_by_path(self) -> None:
        stack = deployed(**UNITS)
        assert stack.resources("Custom::GetOUAccounts") == {
            "StagingAccounts": {
                "ServiceToken": "GetOUAccountsFunction.Arn",
                "OUIds": ["ou-ab12-staging00"],
                "IncludeAccounts": "YES",
                "OrganizationId": "",
                "LookUp": "1",
            },
            "ProductionAccounts": {
                "ServiceToken": "GetOUAccountsFunction.Arn",
                "OUIds": ["ou-ab12-prod0000"],
                "IncludeAccounts": "YES",
                "OrganizationId": "",
                "LookUp": "1",
            },
        }
        for child in ("EnvironmentKMSKeys", "EnvironmentS3"):
            given = children(stack)[child]
            paths = "StagingAccounts.OrganizationalUnitPaths,ProductionAccounts.OrganizationalUnitPaths"
            assert (given["TargetOrgPaths"], given["TargetAccounts"]) == (paths, "")
        assert children(stack)["EnvironmentVPC"]["OrganizationId"] == "StagingAccounts.OrganizationId"

    def test_the_orchestrators_units_are_only_turned_into_paths(self) -> None:
        found = deployed(StackSetsOwner="ORCHESTRATOR", **UNITS).resources("Custom::GetOUAccounts")
        assert [body["IncludeAccounts"] for body in found.values()] == ["NO", "NO"]

    def test_lists_are_admitted_by_account(self) -> None:
        given = children(deployed(**LISTS))["EnvironmentS3"]
        assert (given["TargetOrgPaths"], given["TargetAccounts"]) == ("", f"{STAGING},{PROD}")

    def test_the_orchestrators_list_beside_units_admits_nobody_else(self) -> None:
        stack = deployed(StackSetsOwner="ORCHESTRATOR", **LISTS, **UNITS)
        assert children(stack)["EnvironmentS3"]["TargetAccounts"] == ""
        assert told(stack)["staging-account-list"] == STAGING


class TestPublished:
    def test_everything_in_a_single_account(self) -> None:
        buckets = f"sm-mlops-dev-eu-west-1-{ACCOUNT}"
        stack = deployed()
        assert {
            "data": children(stack)["EnvironmentS3"]["DataBucketName"],
            "models": children(stack)["EnvironmentS3"]["ModelBucketName"],
        } == {"data": f"{buckets}-data", "models": f"{buckets}-models"}
        roles = "EnvironmentTargetRoles.Outputs"
        assert told(stack) == {
            "data-bucket-name": "EnvironmentS3.Outputs.DataBucketName",
            "model-bucket-name": "EnvironmentS3.Outputs.ModelBucketName",
            "seed-code-s3bucket-name": "my-bucket",
            "staging-account-list": ACCOUNT,
            "production-account-list": ACCOUNT,
            "ou-staging-id": "none",
            "ou-prod-id": "none",
            "ou-accounts-lambda-arn": "GetOUAccountsFunction.Arn",
            "setup-function-role-arn": "EnvironmentIAMRoles.Outputs.SetupLambdaExecutionRoleArn",
            "sm-pipeline-execution-role-arn": "EnvironmentIAMRoles.Outputs.SageMakerPipelineExecutionRoleArn",
            "project-boundary-arn": "EnvironmentIAMRoles.Outputs.ProjectBoundaryArn",
            "sm-model-execution-role-name": f"{roles}.SageMakerModelExecutionRoleName",
            "sm-model-execution-role-name-staging": "sm-mlops-staging-eu-west-1-model-execution",
            "sm-model-execution-role-name-prod": "sm-mlops-prod-eu-west-1-model-execution",
            "stackset-administration-role-arn": "EnvironmentIAMRoles.Outputs.StackSetAdministrationRoleArn",
            "stackset-execution-role-name": f"{roles}.StackSetExecutionRoleName",
            "stackset-execution-role-name-staging": "sm-mlops-staging-eu-west-1-stackset-execution",
            "stackset-execution-role-name-prod": "sm-mlops-prod-eu-west-1-stackset-execution",
            "env-type-staging-name": "staging",
            "env-type-prod-name": "prod",
            "sm-mlops-staging-private-subnet-ids": "EnvironmentVPC.Outputs.PrivateSubnetIds",
            "sm-mlops-staging-sagemaker-sg-ids": "EnvironmentVPC.Outputs.SageMakerSecurityGroupIds",
            "sm-mlops-prod-private-subnet-ids": "EnvironmentVPC.Outputs.PrivateSubnetIds",
            "sm-mlops-prod-sagemaker-sg-ids": "EnvironmentVPC.Outputs.SageMakerSecurityGroupIds",
        }

    def test_units(self) -> None:
        values = told(deployed(**UNITS))
        assert (values["ou-staging-id"], values["ou-prod-id"]) == ("ou-ab12-staging00", "ou-ab12-prod0000")
        assert values["staging-account-list"] == "StagingAccounts.AccountList"
        assert "sm-mlops-staging-private-subnet-ids" not in values

    @pytest.mark.parametrize(
        "parameters", [{}, OWN_ROLES, LISTS, UNITS, {**UNITS, "StackSetsOwner": "ORCHESTRATOR"}], ids=str
    )
    def test_no_value_is_empty_because_ssm_refuses_it(self, parameters: dict[str, str]) -> None:
        assert [name for name, value in told(deployed(**parameters)).items() if not value] == []

    def test_a_long_account_list_may_take_the_advanced_tier(self) -> None:
        found = deployed(**LISTS).resources("AWS::SSM::Parameter")
        assert found["StagingAccountsSSM"]["Tier"] == "Intelligent-Tiering"


class TestExistingNetwork:
    """B023: only subnets of the given VPC."""

    def test_subnets_are_looked_up_in_the_given_vpc(self) -> None:
        given = {
            "CreateVPC": "NO",
            "CreatePrivateSubnets": "NO",
            "CreateNATGateways": "NO",
            "ExistingVPCId": "vpc-1",
            "CreateS3VPCEndpoint": "NO",
            "ExistingS3VPCEndpointId": "vpce-1",
        }
        stack = deployed(**given)
        assert stack.resources("Custom::GetNetworkConfiguration")["GetNetworkConfiguration"] == {
            "ServiceToken": "GetNetworkConfigurationFunction.Arn",
            "VPCId": "vpc-1",
            "AvailabilityZones": ["eu-west-1a", "eu-west-1b"],
            "SubnetCIDRBlocks": ["10.0.0.0/19", "10.0.32.0/19", "10.0.64.0/19", "10.0.96.0/19"],
            "MinimumAZs": "2",
        }
        vpc = children(stack)["EnvironmentVPC"]
        assert vpc["ExistingPrivateSubnetIds"] == "GetNetworkConfiguration.SubnetIds"
        assert vpc["ExistingPrivateRouteTableIds"] == "GetNetworkConfiguration.RouteTableIds"

    def test_a_new_network_needs_no_look_up(self) -> None:
        stack = deployed()
        assert stack.resources("Custom::GetNetworkConfiguration") == {}
        assert list(stack.resources("AWS::Lambda::Function")) == ["GetOUAccountsFunction"]
        assert children(stack)["EnvironmentVPC"]["ExistingPrivateSubnetIds"] == ""


def test_studio_options_reach_the_domain() -> None:
    given = {"AuthMode": "SSO", "NetworkAccessType": "PublicInternetOnly", "DomainName": "mine"}
    studio = children(deployed(**given))["EnvironmentSageMakerStudio"]
    assert {name: studio[name] for name in given} == given


def test_a_second_environment_beside_the_first_shares_no_name() -> None:
    """B024, B025."""

    def names(stack: Deployed) -> set[str]:
        named = ("LogGroupName", "Name", "StackSetName", "FunctionName")
        found = {body[key] for body in stack.resources().values() for key in named if key in body}
        exports = EnvMain(FakeRelease()).document()["Outputs"]["GetOUAccountsLambdaArn"]["Export"]["Name"]
        assert exports == {"Fn::Sub": "${EnvName}-${EnvType}-ou-accounts-lambda-arn"}
        return found

    one = names(deployed(**LISTS))
    two = names(deployed(EnvName="other", **LISTS))
    assert one
    assert one & two == set()
