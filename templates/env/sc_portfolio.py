"""env-sc-portfolio.yaml: the project templates of an environment as Service Catalog products that Studio shows."""

from __future__ import annotations

from troposphere import Ref, Sub

from generator.cfn.contract import Out, Param
from templates import catalog_product
from templates.catalog_product import Offer
from templates.catalog_stack import PortfolioStack
from templates.parameters import ENV_NAME, ENV_TYPE, environment_tags
from templates.project.model_build_train import ProjectModelBuildTrain
from templates.project.model_deploy import ProjectModelDeploy
from templates.published import STUDIO_VISIBLE

PROJECTS = (
    Offer(
        "ModelBuildTrain",
        ProjectModelBuildTrain,
        Sub("${EnvName}-${EnvType} MLOps model build and train"),
        "Builds, trains, validates and registers a model",
        STUDIO_VISIBLE,
    ),
    Offer(
        "ModelDeploy",
        ProjectModelDeploy,
        Sub("${EnvName}-${EnvType} MLOps model deploy"),
        "Deploys approved models to staging and, after approval, to production",
        STUDIO_VISIBLE,
    ),
)


class EnvScPortfolio(PortfolioStack):
    FILE = "env-sc-portfolio.yaml"
    DESCRIPTION = "Service Catalog portfolio of the project templates of one environment"

    ENV_NAME = ENV_NAME
    ENV_TYPE = ENV_TYPE
    PRINCIPAL_ARN = Param("SCMLOpsPortfolioPrincipalRoleArn", "Role that creates projects in Studio")
    LAUNCH_ROLE_ARN = Param("SCMLOpsProductLaunchRoleArn", "Role that a project is launched with")

    PORTFOLIO_ID = Out("PortfolioId", "Id of the portfolio of project templates")

    def build(self) -> None:
        keeper = self.version_function("${EnvName}-${EnvType}-product-versions", environment_tags)
        portfolio = self.add(
            catalog_product.portfolio(
                "MLOpsPortfolio",
                Sub("${EnvName}-${EnvType} MLOps project templates"),
                "Project templates that SageMaker Studio offers",
                environment_tags(),
            )
        )
        for offer in PROJECTS:
            self.offer(offer, portfolio, keeper, environment_tags(**offer.tags), RoleArn=self.LAUNCH_ROLE_ARN)
        self.add(catalog_product.admitted("MLOpsPortfolioPrincipal", portfolio, self.PRINCIPAL_ARN))
        self.put(self.PORTFOLIO_ID, Ref(portfolio))
