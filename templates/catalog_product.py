"""Makers of Service Catalog portfolios and products whose versions are named by their content."""

from __future__ import annotations

from typing import Any

from troposphere import AWSObject, Ref
from troposphere.servicecatalog import (
    CloudFormationProduct,
    Info,
    LaunchRoleConstraint,
    Portfolio,
    PortfolioPrincipalAssociation,
    PortfolioProductAssociation,
    ProvisioningArtifactProperties,
)

PROVIDER = "MLOps platform"


def portfolio(title: str, name: Any, description: str, tags: Any) -> Portfolio:
    return Portfolio(
        title, DisplayName=name, Description=description, ProviderName=PROVIDER, AcceptLanguage="en", Tags=tags
    )


def product(title: str, name: Any, description: str, url: Any, digest: str, tags: Any) -> CloudFormationProduct:
    """A product with one version, named by the digest of its template.

    Service Catalog matches versions by name and address: an unchanged template keeps its version's id, a changed one
    becomes a new version and never the same version with other content.
    """
    return CloudFormationProduct(
        title,
        Name=name,
        Description=description,
        Owner=PROVIDER,
        AcceptLanguage="en",
        ProvisioningArtifactParameters=[
            ProvisioningArtifactProperties(
                Name=digest, Description=f"Template with digest {digest}", Info=Info(LoadTemplateFromURL=url)
            )
        ],
        Tags=tags,
    )


def published(title: str, into: Portfolio, what: CloudFormationProduct, launch_role: Any) -> list[AWSObject]:
    """A product in a portfolio, launched with a role of its own, so that its users need none of that role's rights."""
    association = PortfolioProductAssociation(
        f"{title}PortfolioProduct", PortfolioId=Ref(into), ProductId=Ref(what), AcceptLanguage="en"
    )
    constraint = LaunchRoleConstraint(
        f"{title}LaunchRole",
        DependsOn=association.title,
        PortfolioId=Ref(into),
        ProductId=Ref(what),
        RoleArn=launch_role,
        Description="Launched with the platform's role",
        AcceptLanguage="en",
    )
    return [association, constraint]


def admitted(title: str, into: Portfolio, principal: Any) -> PortfolioPrincipalAssociation:
    """A role that may use a portfolio."""
    return PortfolioPrincipalAssociation(
        title, PortfolioId=Ref(into), PrincipalARN=principal, PrincipalType="IAM", AcceptLanguage="en"
    )
