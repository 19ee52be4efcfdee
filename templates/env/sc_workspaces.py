"""env-sc-workspaces.yaml: user profiles and notebook instances as products that people launch for themselves."""

from __future__ import annotations

import json
from typing import Any

from troposphere import Equals, Not, Ref, Sub
from troposphere.servicecatalog import CloudFormationProduct, LaunchTemplateConstraint, Portfolio

from generator.cfn.contract import Cond, Out, Param
from templates import catalog_product
from templates.catalog_product import Offer
from templates.catalog_stack import PortfolioStack
from templates.parameters import ENV_NAME, ENV_TYPE, environment_tags
from templates.products.notebook import ProductNotebook
from templates.products.user_profile import ProductUserProfile
from templates.published import DATA_SCIENTIST_ROLE, TEAM_ADMINISTRATOR_ROLE

WORKSPACES = (
    Offer(
        "UserProfile",
        ProductUserProfile,
        Sub("${EnvName}-${EnvType} Studio user profile"),
        "A person's profile in SageMaker Studio, with a private space if wanted",
    ),
    Offer(
        "Notebook",
        ProductNotebook,
        Sub("${EnvName}-${EnvType} notebook instance"),
        "A notebook instance inside the environment's network that stops when idle",
    ),
)


class EnvScWorkspaces(PortfolioStack):
    """Not for Studio: these products carry no tag that would show them there as project templates."""

    FILE = "env-sc-workspaces.yaml"
    DESCRIPTION = "Service Catalog portfolio of the workspaces of one environment: user profiles, notebook instances"

    ENV_NAME = ENV_NAME
    ENV_TYPE = ENV_TYPE
    LAUNCH_ROLE_ARN = Param("WorkspaceLaunchRoleArn", "Role that a workspace is launched with")
    PRINCIPAL_NAME = Param(
        "WorkspacePrincipalName",
        "Name of further roles, with wildcards, that may launch workspaces; the environment's own may anyway",
        default="",
        pattern=catalog_product.PRINCIPAL_NAME,
    )

    ADMITS_MORE = Cond("AdmitsMore", Not(Equals(PRINCIPAL_NAME, "")))

    PORTFOLIO_ID = Out("PortfolioId", "Id of the portfolio of workspaces")

    def build(self) -> None:
        keeper = self.version_function("${EnvName}-${EnvType}-workspace-versions", environment_tags)
        portfolio = self.add(
            catalog_product.portfolio(
                "WorkspacePortfolio",
                Sub("${EnvName}-${EnvType} workspaces"),
                "User profiles and notebook instances that people launch for themselves",
                environment_tags(),
            )
        )
        for offer in WORKSPACES:
            product, _ = self.offer(offer, portfolio, keeper, environment_tags(), RoleArn=self.LAUNCH_ROLE_ARN)
            self.add(only_here(offer, portfolio, product))
        for title, name in (("DataScientists", DATA_SCIENTIST_ROLE), ("TeamAdministrators", TEAM_ADMINISTRATOR_ROLE)):
            self.add(catalog_product.admitted_by_name(title, portfolio, name))
        more = catalog_product.admitted_by_name("FurtherRoles", portfolio, "${WorkspacePrincipalName}")
        self.add(more, self.ADMITS_MORE)
        self.put(self.PORTFOLIO_ID, Ref(portfolio))


def only_here(offer: Offer, into: Portfolio, what: CloudFormationProduct) -> LaunchTemplateConstraint:
    """A product of an environment launches nothing into another environment of the account."""
    return LaunchTemplateConstraint(
        f"{offer.title}OnlyHere",
        DependsOn=f"{offer.title}PortfolioProduct",
        PortfolioId=Ref(into),
        ProductId=Ref(what),
        Description="Its own environment only",
        AcceptLanguage="en",
        Rules=Sub(json.dumps({"Environment": {"Assertions": [_is("EnvName"), _is("EnvType")]}})),
    )


def _is(parameter: str) -> dict[str, Any]:
    return {
        "Assert": {"Fn::Equals": [{"Ref": parameter}, f"${{{parameter}}}"]},
        "AssertDescription": f"{parameter} is ${{{parameter}}} for this product",
    }
