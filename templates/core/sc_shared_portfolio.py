"""core-sc-shared-portfolio.yaml: environments as a Service Catalog product for the data science administrator."""

from __future__ import annotations

from troposphere import Equals, GetAtt, Not, NoValue, Ref, Sub, Tags

from generator.cfn.contract import Cond, Out, Param
from generator.cfn.tags import tags
from templates import catalog_product
from templates.catalog_product import Offer
from templates.catalog_stack import PortfolioStack
from templates.env.main import EnvMain

ENVIRONMENT = Offer(
    "DataScience",
    EnvMain,
    Sub("${StackSetName} data science environment"),
    "An environment: network, keys, buckets, roles, SageMaker domain and its target accounts",
)


class CoreScSharedPortfolio(PortfolioStack):
    FILE = "core-sc-shared-portfolio.yaml"
    DESCRIPTION = "Service Catalog portfolio from which the data science administrator launches environments"

    STACK_SET_NAME = Param("StackSetName", "Name that the resources of the core stack share", max_length=28)
    PRINCIPAL_ARN = Param("SCPortfolioPrincipalRoleArn", "Role that may launch environments")
    LAUNCH_ROLE_ARN = Param("SCProductLaunchRoleArn", "Role that an environment is launched with")
    PRINCIPAL_NAME = Param(
        "SharedPrincipalName",
        "Name of roles, with wildcards, that may launch environments in accounts that the portfolio is shared with",
        default="",
        pattern=catalog_product.PRINCIPAL_NAME,
    )
    LOCAL_ROLE_NAME = Param(
        "SCProductLocalLaunchRoleName",
        "Name of the launch role, the same in every account that the portfolio is shared with; replaces the ARN",
        default="",
        pattern=r"[\w+=,.@-]*",
        max_length=64,
    )

    ADMITS_BY_NAME = Cond("AdmitsByName", Not(Equals(PRINCIPAL_NAME, "")))
    LAUNCHES_LOCALLY = Cond("LaunchesLocally", Not(Equals(LOCAL_ROLE_NAME, "")))

    PORTFOLIO_ID = Out("PortfolioId", "Id of the portfolio of environments")
    PRODUCT_ID = Out("ProductId", "Id of the environment product")
    PRODUCT_NAME = Out("ProductName", "Name of the environment product")
    VERSION_IDS = Out("ProvisioningArtifactIds", "Id of the product's version to launch")
    VERSION_NAMES = Out("ProvisioningArtifactNames", "Name of the product's version to launch: its template's digest")

    def build(self) -> None:
        portfolio = self.add(
            catalog_product.portfolio(
                "DataSciencePortfolio",
                Sub("${StackSetName} data science environments"),
                "Environments for data science teams",
                self._tags(),
            )
        )
        keeper = self.version_function("${StackSetName}-product-versions", self._tags)
        product, version = self.offer(
            ENVIRONMENT,
            portfolio,
            keeper,
            self._tags(),
            RoleArn=self.LAUNCHES_LOCALLY.then(NoValue, self.LAUNCH_ROLE_ARN),
            LocalRoleName=self.LAUNCHES_LOCALLY.then(self.LOCAL_ROLE_NAME),
            Metadata=catalog_product.ONE_OF_TWO,
        )
        self.add(catalog_product.admitted("DataSciencePortfolioPrincipal", portfolio, self.PRINCIPAL_ARN))
        by_name = catalog_product.admitted_by_name("DataSciencePortfolioNames", portfolio, "${SharedPrincipalName}")
        self.add(by_name, self.ADMITS_BY_NAME)
        self.put(self.PORTFOLIO_ID, Ref(portfolio))
        self.put(self.PRODUCT_ID, Ref(product))
        self.put(self.PRODUCT_NAME, GetAtt(product, "ProductName"))
        for output, kept, only in (
            (self.VERSION_IDS, "VersionId", "ProvisioningArtifactIds"),
            (self.VERSION_NAMES, "VersionName", "ProvisioningArtifactNames"),
        ):
            self.put(output, self.KEEPS_VERSIONS.then(GetAtt(version, kept), GetAtt(product, only)))

    def _tags(self) -> Tags:
        return tags(StackSetName=self.STACK_SET_NAME)
