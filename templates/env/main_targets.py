"""The parameters, conditions and rules of env-main.yaml that say where models are deployed to."""

from __future__ import annotations

from troposphere import And, Equals, Not, Or

from generator.cfn import rules
from generator.cfn.contract import Cond, Param, Rule, switch
from templates.env.main_parameters import Given, Identity, role_name

TARGETS = "Multi-account model deployment setup (provide OU ids or account lists)"
INFRASTRUCTURE = "Infrastructure setup in the target accounts in staging and production OUs (multi-account only)"

_ACCOUNTS = r"(\d{12}(,\d{12})*)?"
_UNITS = (
    r"((ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}|r-[0-9a-z]{4,32})(,(ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}|r-[0-9a-z]{4,32}))*)?"
)
# The subnets of a target VPC are cut from a block of this size (see main_stack_sets).
_STAGE_BLOCK = r"(\d{1,3}\.){2}0\.0/16"


class Targets:
    """Where models are deployed to, and who sets these accounts up."""

    STAGING_UNIT = Param(
        "OrganizationalUnitStagingId",
        "Organizational units whose accounts, nested ones included, are the staging accounts; comma-separated",
        default="",
        pattern=_UNITS,
        group=TARGETS,
    )
    PROD_UNIT = Param(
        "OrganizationalUnitProdId",
        "Organizational units whose accounts, nested ones included, are the production accounts; comma-separated",
        default="",
        pattern=_UNITS,
        group=TARGETS,
    )
    STAGING_ACCOUNTS = Param(
        "StagingAccountList", "Staging accounts, comma-separated", default="", pattern=_ACCOUNTS, group=TARGETS
    )
    PROD_ACCOUNTS = Param(
        "ProductionAccountList", "Production accounts, comma-separated", default="", pattern=_ACCOUNTS, group=TARGETS
    )
    ORGANIZATION_ID = Param(
        "OrganizationId",
        "The organization of the target accounts; empty looks it up where organizational units are given",
        default="",
        pattern="(o-[a-z0-9]{10,32})?",
        group=TARGETS,
    )
    OWNER = Param(
        "StackSetsOwner",
        "TEMPLATE: this stack sets the target accounts up. ORCHESTRATOR: `mlz deploy targets` does, for any number of "
        "accounts, each with addresses of its own",
        default="TEMPLATE",
        allowed=("TEMPLATE", "ORCHESTRATOR"),
        group=TARGETS,
    )
    LOOK_UP_AGAIN = Param(
        "TargetLookUp",
        "Under StackSetsOwner TEMPLATE: any new text looks up the accounts of the organizational units again",
        default="1",
        max_length=64,
        group=TARGETS,
    )
    SETUP_ROLE_NAME = role_name("SetupStackSetExecutionRoleName", "sets the account up", INFRASTRUCTURE)
    CREATE_NETWORK = switch(
        "CreateTargetAccountNetworkInfra", "NO where the target accounts have their network", group=INFRASTRUCTURE
    )
    STAGING_BLOCK = Param(
        "StagingVPCCIDR",
        "Addresses of each staging account's VPC under StackSetsOwner TEMPLATE; a /16",
        default="10.1.0.0/16",
        pattern=_STAGE_BLOCK,
        group=INFRASTRUCTURE,
    )
    PROD_BLOCK = Param(
        "ProductionVPCCIDR",
        "Addresses of each production account's VPC under StackSetsOwner TEMPLATE; a /16",
        default="10.2.0.0/16",
        pattern=_STAGE_BLOCK,
        group=INFRASTRUCTURE,
    )

    USES_UNITS = Cond("UsesOrganizationalUnits", Not(Equals(STAGING_UNIT, "")))
    LISTS_ACCOUNTS = Cond("ListsAccounts", Not(Equals(STAGING_ACCOUNTS, "")))
    ADMITS_ACCOUNTS = Cond("AdmitsListedAccounts", And(Not(Equals(STAGING_ACCOUNTS, "")), Equals(STAGING_UNIT, "")))
    SINGLE_ACCOUNT = Cond("SingleAccount", And(Equals(STAGING_UNIT, ""), Equals(STAGING_ACCOUNTS, "")))
    SINGLE_ACCOUNT_ROLES = Cond(
        "SingleAccountRoles",
        And(Equals(STAGING_UNIT, ""), Equals(STAGING_ACCOUNTS, ""), Equals(Identity.CREATE_ROLES, "YES")),
    )
    OWNED_BY_TEMPLATE = Cond("OwnedByTemplate", Equals(OWNER, "TEMPLATE"))
    NAMES_SETUP_ROLE = Cond("NamesSetupRole", Not(Equals(SETUP_ROLE_NAME, "")))
    OWNS_ROLE_SETS = Cond(
        "OwnsRoleStackSets",
        And(
            Equals(OWNER, "TEMPLATE"),
            Equals(Identity.CREATE_ROLES, "YES"),
            Or(Not(Equals(STAGING_UNIT, "")), Not(Equals(STAGING_ACCOUNTS, ""))),
        ),
    )
    OWNS_NETWORK_SETS = Cond(
        "OwnsNetworkStackSets",
        And(
            Equals(OWNER, "TEMPLATE"),
            Equals(CREATE_NETWORK, "YES"),
            Or(Not(Equals(STAGING_UNIT, "")), Not(Equals(STAGING_ACCOUNTS, ""))),
        ),
    )

    UNITS_RULE = Rule(
        "OrganizationalUnitIds",
        (
            (
                rules.any_of(
                    rules.all_of(rules.given(STAGING_UNIT), rules.given(PROD_UNIT)),
                    rules.all_of(rules.missing(STAGING_UNIT), rules.missing(PROD_UNIT)),
                ),
                "OrganizationalUnitStagingId and OrganizationalUnitProdId are given both or not at all",
            ),
        ),
    )
    ACCOUNTS_RULE = Rule(
        "AccountList",
        (
            (
                rules.any_of(
                    rules.all_of(rules.given(STAGING_ACCOUNTS), rules.given(PROD_ACCOUNTS)),
                    rules.all_of(rules.missing(STAGING_ACCOUNTS), rules.missing(PROD_ACCOUNTS)),
                ),
                "StagingAccountList and ProductionAccountList are given both or not at all",
            ),
            (
                rules.any_of(
                    rules.missing(STAGING_UNIT), rules.missing(STAGING_ACCOUNTS), rules.equals(OWNER, "ORCHESTRATOR")
                ),
                "Give organizational units or account lists, not both",
            ),
        ),
    )
    STAGES_RULE = Rule(
        "StageNames",
        (
            (
                rules.negate({"Fn::Equals": [Identity.STAGING, Identity.PROD]}),
                "EnvTypeStagingName and EnvTypeProdName are names of two stages",
            ),
            (
                rules.any_of(
                    rules.given(STAGING_UNIT),
                    rules.given(STAGING_ACCOUNTS),
                    rules.all_of(
                        rules.negate({"Fn::Equals": [Identity.ENV_TYPE, Identity.STAGING]}),
                        rules.negate({"Fn::Equals": [Identity.ENV_TYPE, Identity.PROD]}),
                    ),
                ),
                "EnvType is the name of no stage when all stages are in this account",
            ),
        ),
    )
    SETUP_ROLE_RULE = Rule(
        "SetupStackSetExecutionRole",
        (
            (
                rules.given(Given.STACK_SET_ADMINISTRATION_ARN),
                "StackSetAdministrationRoleArn is needed for several accounts when CreateEnvironmentIAMRoles is NO",
            ),
            (
                rules.given(Given.STACK_SET_EXECUTION_NAME),
                "StackSetExecutionRoleName is needed for several accounts when CreateEnvironmentIAMRoles is NO",
            ),
        ),
        when=rules.all_of(
            rules.equals(Identity.CREATE_ROLES, "NO"),
            rules.any_of(rules.given(STAGING_UNIT), rules.given(STAGING_ACCOUNTS)),
        ),
    )
