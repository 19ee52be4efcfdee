"""env-sc-portfolio.yaml: the project templates of an environment as Service Catalog products that Studio shows."""

from __future__ import annotations

from troposphere import Ref, Sub

from generator.cfn.contract import Out, Param
from generator.cfn.stack import Stack
from templates import catalog_product
from templates.parameters import ENV_NAME, ENV_TYPE, environment_tags
from templates.project.model_build_train import ProjectModelBuildTrain
from templates.project.model_deploy import ProjectModelDeploy

# By this tag Studio recognizes a product as a project template.
_VISIBLE = {"sagemaker:studio-visibility": "true"}
PRODUCTS: tuple[tuple[str, type[Stack], str, str], ...] = (
    (
        "ModelBuildTrain",
        ProjectModelBuildTrain,
        "${EnvName}-${EnvType} MLOps model build and train",
        "Builds, trains, validates and registers a model",
    ),
    (
        "ModelDeploy",
        ProjectModelDeploy,
        "${EnvName}-${EnvType} MLOps model deploy",
        "Deploys approved models to staging and, after approval, to production",
    ),
)


class EnvScPortfolio(Stack):
    FILE = "env-sc-portfolio.yaml"
    DESCRIPTION = "Service Catalog portfolio of the project templates of one environment"

    ENV_NAME = ENV_NAME
    ENV_TYPE = ENV_TYPE
    PRINCIPAL_ARN = Param("SCMLOpsPortfolioPrincipalRoleArn", "Role that creates projects in Studio")
    LAUNCH_ROLE_ARN = Param("SCMLOpsProductLaunchRoleArn", "Role that a project is launched with")

    PORTFOLIO_ID = Out("PortfolioId", "Id of the portfolio of project templates")

    def build(self) -> None:
        portfolio = self.add(
            catalog_product.portfolio(
                "MLOpsPortfolio",
                Sub("${EnvName}-${EnvType} MLOps project templates"),
                "Project templates that SageMaker Studio offers",
                environment_tags(),
            )
        )
        for title, child, name, description in PRODUCTS:
            product = self.add(
                catalog_product.product(
                    f"{title}Product",
                    Sub(name),
                    description,
                    self.release.template_url(child),
                    self.release.digest(child),
                    environment_tags(**_VISIBLE),
                )
            )
            for resource in catalog_product.published(title, portfolio, product, self.LAUNCH_ROLE_ARN):
                self.add(resource)
        self.add(catalog_product.admitted("MLOpsPortfolioPrincipal", portfolio, self.PRINCIPAL_ARN))
        self.put(self.PORTFOLIO_ID, Ref(portfolio))
