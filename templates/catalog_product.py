"""Makers of Service Catalog portfolios and of products whose versions are named by their content."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from troposphere import AWSObject, GetAtt, Ref
from troposphere.servicecatalog import (
    CloudFormationProduct,
    Info,
    LaunchRoleConstraint,
    Portfolio,
    PortfolioPrincipalAssociation,
    PortfolioProductAssociation,
    ProvisioningArtifactProperties,
)

from generator.cfn.arns import arn
from generator.cfn.lint import lint_exception
from generator.cfn.stack import Stack

PROVIDER = "MLOps platform"
PRINCIPAL_NAME = r"[\w+=,.@/*?-]*"
ONE_OF_TWO = lint_exception("a condition gives either RoleArn or LocalRoleName", "E3003", "E3018")


class FirstProductVersion(AWSObject):
    """Custom::FirstProductVersion: Name and Url of the version that the product was created with, for ever."""

    resource_type = "Custom::FirstProductVersion"
    props = {  # noqa: RUF012 - troposphere's own form
        "ServiceToken": (str, True),
        "Name": (str, True),
        "Url": (str, True),
    }


class ProductVersion(AWSObject):
    """Custom::ProductVersion: the version to launch; others stay, deprecated. Attributes: VersionId, VersionName."""

    resource_type = "Custom::ProductVersion"
    props = {  # noqa: RUF012 - troposphere's own form
        "ServiceToken": (str, True),
        "Name": (str, True),
        "Url": (str, True),
        "ProductId": (str, True),
        "ListedIds": (str, True),
    }


@dataclass(frozen=True)
class Offer:
    """A template as a product; `title` begins the logical ids of all that belongs to it."""

    title: str
    template: type[Stack]
    name: Any
    description: str
    tags: dict[str, str] = field(default_factory=dict)


def portfolio(title: str, name: Any, description: str, tags: Any) -> Portfolio:
    return Portfolio(
        title, DisplayName=name, Description=description, ProviderName=PROVIDER, AcceptLanguage="en", Tags=tags
    )


def product(offer: Offer, name: Any, url: Any, tags: Any) -> CloudFormationProduct:
    """A product with one version of its own resource.

    CloudFormation matches these versions by name and address, and deletes one that is no longer listed
    (CloudFormation Template Reference, ReplaceProvisioningArtifacts): hence FirstProductVersion.
    """
    return CloudFormationProduct(
        f"{offer.title}Product",
        Name=offer.name,
        Description=offer.description,
        Owner=PROVIDER,
        AcceptLanguage="en",
        ProvisioningArtifactParameters=[
            ProvisioningArtifactProperties(
                Name=name, Description="Named by the digest of its template", Info=Info(LoadTemplateFromURL=url)
            )
        ],
        Tags=tags,
    )


def first_version(offer: Offer, function: Any, name: str, url: Any) -> FirstProductVersion:
    return FirstProductVersion(f"{offer.title}FirstVersion", ServiceToken=function, Name=name, Url=url)


def version(
    offer: Offer, function: Any, name: str, url: Any, of: CloudFormationProduct, associated: AWSObject
) -> ProductVersion:
    """After the launch constraint (`associated`), so that no version can be launched without it.

    `ListedIds` has it asked again when CloudFormation changed something about the versions that it knows of.
    """
    return ProductVersion(
        f"{offer.title}Version",
        DependsOn=associated.title,
        ServiceToken=function,
        ProductId=Ref(of),
        ListedIds=GetAtt(of, "ProvisioningArtifactIds"),
        Name=name,
        Url=url,
    )


def published(
    title: str, into: Portfolio, what: CloudFormationProduct, **launched_with: Any
) -> tuple[PortfolioProductAssociation, LaunchRoleConstraint]:
    """A product in a portfolio, launched with a role of its own, so that its users need none of that role's rights.

    `launched_with` is RoleArn, or LocalRoleName: a role of that name in each account that the product is shared with.
    """
    association = PortfolioProductAssociation(
        f"{title}PortfolioProduct", PortfolioId=Ref(into), ProductId=Ref(what), AcceptLanguage="en"
    )
    constraint = LaunchRoleConstraint(
        f"{title}LaunchRole",
        DependsOn=association.title,
        PortfolioId=Ref(into),
        ProductId=Ref(what),
        Description="Launched with the platform's role",
        AcceptLanguage="en",
        **launched_with,
    )
    return association, constraint


def admitted(title: str, into: Portfolio, principal: Any) -> PortfolioPrincipalAssociation:
    """A role that may use a portfolio."""
    return PortfolioPrincipalAssociation(
        title, PortfolioId=Ref(into), PrincipalARN=principal, PrincipalType="IAM", AcceptLanguage="en"
    )


def admitted_by_name(title: str, into: Portfolio, name: str) -> PortfolioPrincipalAssociation:
    """Roles that may use a portfolio, by name (with path, * and ? allowed), in whatever account the portfolio is.

    Service Catalog API, AssociatePrincipalWithPortfolio: such an ARN has no account; ten a portfolio; roles may come
    later. Whoever can make a role of a matching name in such an account can use the portfolio there.
    """
    return PortfolioPrincipalAssociation(
        title,
        PortfolioId=Ref(into),
        PrincipalARN=arn("iam", f"role/{name}", region="", account=""),
        PrincipalType="IAM_PATTERN",
        AcceptLanguage="en",
    )
