"""core-sc-shared-portfolio.yaml: environments as a Service Catalog product for the data science administrator."""

from __future__ import annotations

from troposphere import GetAtt, Ref, Sub

from generator.cfn.contract import Out, Param
from generator.cfn.stack import Stack
from generator.cfn.tags import tags
from templates import catalog_product
from templates.env.main import EnvMain


class CoreScSharedPortfolio(Stack):
    FILE = "core-sc-shared-portfolio.yaml"
    DESCRIPTION = "Service Catalog portfolio from which the data science administrator launches environments"

    STACK_SET_NAME = Param("StackSetName", "Name that the resources of the core stack share", max_length=28)
    PRINCIPAL_ARN = Param("SCPortfolioPrincipalRoleArn", "Role that may launch environments")
    LAUNCH_ROLE_ARN = Param("SCProductLaunchRoleArn", "Role that an environment is launched with")

    PORTFOLIO_ID = Out("PortfolioId", "Id of the portfolio of environments")
    PRODUCT_ID = Out("ProductId", "Id of the environment product")
    PRODUCT_NAME = Out("ProductName", "Name of the environment product")
    VERSION_IDS = Out("ProvisioningArtifactIds", "Ids of the product's versions")
    VERSION_NAMES = Out("ProvisioningArtifactNames", "Names of the product's versions: digests of the template")

    def build(self) -> None:
        portfolio = self.add(
            catalog_product.portfolio(
                "DataSciencePortfolio",
                Sub("${StackSetName} data science environments"),
                "Environments for data science teams",
                tags(StackSetName=self.STACK_SET_NAME),
            )
        )
        product = self.add(
            catalog_product.product(
                "DataScienceProduct",
                Sub("${StackSetName} data science environment"),
                "An environment: network, keys, buckets, roles, SageMaker domain and its target accounts",
                self.release.template_url(EnvMain),
                self.release.digest(EnvMain),
                tags(StackSetName=self.STACK_SET_NAME),
            )
        )
        for resource in catalog_product.published("DataScience", portfolio, product, self.LAUNCH_ROLE_ARN):
            self.add(resource)
        self.add(catalog_product.admitted("DataSciencePortfolioPrincipal", portfolio, self.PRINCIPAL_ARN))
        self.put(self.PORTFOLIO_ID, Ref(portfolio))
        self.put(self.PRODUCT_ID, Ref(product))
        self.put(self.PRODUCT_NAME, GetAtt(product, "ProductName"))
        self.put(self.VERSION_IDS, GetAtt(product, "ProvisioningArtifactIds"))
        self.put(self.VERSION_NAMES, GetAtt(product, "ProvisioningArtifactNames"))
