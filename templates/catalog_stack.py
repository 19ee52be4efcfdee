"""What the two portfolio templates share: products whose earlier versions stay, deprecated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from troposphere import Equals, GetAtt, Not, Tags
from troposphere.servicecatalog import CloudFormationProduct, Portfolio

from generator.cfn.contract import Cond, Param
from generator.cfn.stack import Stack
from templates import catalog_product
from templates.catalog_product import Offer, ProductVersion
from templates.functions import function, log_group, token

SECONDS = 300


class PortfolioStack(Stack):
    """A function publishes each version. Without a role for it, a product has its present version and no other."""

    VERSION_ROLE_ARN = Param(
        "VersionFunctionRoleArn",
        "Role of the function that keeps earlier versions of products; empty: a product has its present version only",
        default="",
    )

    KEEPS_VERSIONS = Cond("KeepsVersions", Not(Equals(VERSION_ROLE_ARN, "")))

    def version_function(self, name: str, tags: Callable[[], Tags]) -> Any:
        """Add the function, whose log group ends with `name`; its token."""
        log = self.add(log_group("ProductVersionsLogs", name, tags=tags()), self.KEEPS_VERSIONS)
        made = function(
            self.release,
            "ProductVersionsFunction",
            "product-versions",
            "Adds versions to products and deprecates those before",
            role=self.VERSION_ROLE_ARN,
            log=log,
            seconds=SECONDS,
            tags=tags(),
        )
        return token(self.add(made, self.KEEPS_VERSIONS))

    def offer(
        self, offer: Offer, into: Portfolio, keeper: Any, tags: Any, **launched_with: Any
    ) -> tuple[CloudFormationProduct, ProductVersion]:
        """Add a product to a portfolio; `keeper` is the token of the function that publishes its versions."""
        name, url = self.release.digest(offer.template), self.release.template_url(offer.template)
        first = self.add(catalog_product.first_version(offer, keeper, name, url), self.KEEPS_VERSIONS)
        made = self.add(
            catalog_product.product(
                offer,
                self.KEEPS_VERSIONS.then(GetAtt(first, "Name"), name),
                self.KEEPS_VERSIONS.then(GetAtt(first, "Url"), url),
                tags,
            )
        )
        association, constraint = catalog_product.published(offer.title, into, made, **launched_with)
        self.add(association)
        self.add(constraint)
        kept = catalog_product.version(offer, keeper, name, url, made, constraint)
        return made, self.add(kept, self.KEEPS_VERSIONS)
