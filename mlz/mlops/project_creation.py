"""Creating a project as Studio does: from the environment's Service Catalog product, or from its template in S3."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from generator.errors import ToolError
from generator.package.manifest import ParameterEntry, TemplateEntry
from mlz.mlops import project_progress, projects
from mlz.mlops.projects import KIND_TAG, NAME_TAG, TEMPLATES, TYPE_TAG, Project
from mlz.stacks.parameters import checked
from mlz.terminal.reporter import reporting
from stacksets.client import Refused, translated

if TYPE_CHECKING:
    from mlz.config.settings import Settings
    from mlz.terminal.console import Console
    from stacksets.client import Api, Cloud

PORTFOLIO, S3 = "portfolio", "s3"
# Names in the environment's portfolio after `<name>-<type> ` (templates/env/sc_portfolio.py).
PORTFOLIO_NAME = "MLOps project templates"
PRODUCTS = {"build-train": "MLOps model build and train", "deploy": "MLOps model deploy"}
# SageMaker gives these to every template that takes them.
OWNED = {"SageMakerProjectName": "NAME", "SageMakerProjectId": "SageMaker"}


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A project as wanted; `source` is PORTFOLIO or S3.

    `role`: ARN of the role that CloudFormation takes, from S3 only; without it, the environment's launch role.
    """

    name: str
    kind: str
    source: str = PORTFOLIO
    role: str = ""
    description: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Origin:
    """Where a project comes from, in words, the part of CreateProject that says so, and the parameters it takes."""

    words: str
    provider: Mapping[str, Any]
    template: TemplateEntry


def standing(settings: Settings, cloud: Cloud, wish: Wish, console: Console) -> Project | None:
    """The project if it is there already as wanted, waited for where SageMaker is still at it; None when it is not.

    ToolError when one of that name is another environment's, of another kind, or has failed.
    """
    found = projects.find(cloud, wish.name)
    if found is not None and found.is_moving:
        console.progress(f"{wish.name}: {found.status}: waiting for it")
        _settled(settings, cloud, found, console)
        found = projects.find(cloud, wish.name)
    if found is None:
        return None
    if found.environment != settings.identity:
        whose = found.environment or "no environment"
        raise ToolError(f"project {wish.name}: there is one already, of {whose}", "choose another name")
    if found.status in ("CreateFailed", "DeleteFailed"):
        raise project_progress.failure(cloud, found, f"then delete what is left of it: mlz project delete {wish.name}")
    if found.kind != wish.kind:
        kind = f"kind {found.kind}" if found.kind else "another kind"
        raise ToolError(f"project {wish.name}: there is one already, of {kind}", "choose another name")
    return found


def origin(settings: Settings, cloud: Cloud, wish: Wish) -> Origin:
    """Where it will come from; ToolError when there is no such place, or it does not take the parameters."""
    found = _published(settings, cloud, wish) if wish.source == S3 else _offered(settings, cloud, wish.kind)
    for name in OWNED.keys() & wish.parameters.keys():
        raise ToolError(f"parameter {name}: it comes from {OWNED[name]}", "leave it out")
    checked(found.template, wish.parameters, "parameter", whole=False)
    return found


def create(settings: Settings, cloud: Cloud, wish: Wish, source: Origin, console: Console) -> Project:
    """Have SageMaker create it and follow that to its end; ToolError with the first cause when it fails."""
    with translated(f"project {wish.name}"):
        cloud.client("sagemaker").create_project(**request(settings, wish, source))
    begun = projects.described(cloud, wish.name)
    made = begun and _settled(settings, cloud, begun, console)
    if made is None:
        raise ToolError(f"project {wish.name}: it is gone", "somebody deleted it: run the same command again")
    if made.has_failed:
        raise project_progress.failure(
            cloud, made, f"then: mlz project delete {wish.name}, and run the same command again"
        )
    return projects.find(cloud, wish.name) or made


def request(settings: Settings, wish: Wish, source: Origin) -> dict[str, Any]:
    """Parameters of CreateProject; its tags go to the stack, and tell the project's function the environment."""
    own = {NAME_TAG: settings.environment.name, TYPE_TAG: settings.environment.type, KIND_TAG: wish.kind}
    tags = [{"Key": key, "Value": value} for key, value in {**settings.tags, **own}.items()]
    described = {"ProjectDescription": wish.description} if wish.description else {}
    rows = [{"Key": key, "Value": value} for key, value in sorted(wish.parameters.items())]
    provider: dict[str, Any]
    if wish.source == S3:
        provider = {"TemplateProviders": [{"CfnTemplateProvider": {**source.provider, "Parameters": rows}}]}
    else:
        provider = {"ServiceCatalogProvisioningDetails": {**source.provider, "ProvisioningParameters": rows}}
    return {"ProjectName": wish.name, **described, **provider, "Tags": tags}


def _settled(settings: Settings, cloud: Cloud, project: Project, console: Console) -> Project | None:
    with reporting(console) as report:
        return project_progress.Following(cloud, project, report, settings.rollout.poll_seconds).settled()


def _published(settings: Settings, cloud: Cloud, wish: Wish) -> Origin:
    """The template in the folder that Studio lists, the only one that the environment's roles may create from."""
    from mlz.fleet import targets
    from mlz.release import product

    manifest = product.built(settings)
    entry = manifest.template(TEMPLATES[wish.kind])
    stable = [one.key for one in manifest.objects if one.path == entry.path and one.mutable]
    key = next((one for one in stable if one != entry.entry_key), "")
    if not key:
        raise ToolError(f"{entry.path}: this build has it in no folder for Studio", "package again: mlz package")
    url = f"https://{manifest.bucket}.s3.{manifest.region}.{targets.SUFFIX[cloud.partition]}/{key}"
    # templates.published.PROJECT_LAUNCH_ROLE says the same.
    usual = f"arn:{cloud.partition}:iam::{cloud.account}:role/{settings.identity}-{settings.region}-project-launch"
    provider = {"TemplateName": wish.kind, "TemplateURL": url, "RoleARN": wish.role or usual}
    return Origin(f"s3://{manifest.bucket}/{key}", provider, entry)


def _offered(settings: Settings, cloud: Cloud, kind: str) -> Origin:
    api, name = cloud.client("servicecatalog"), f"{settings.identity} {PRODUCTS[kind]}"
    with translated(f"product {name}"):
        product = _visible(api, name)
        if product:
            found = api.describe_product(Id=product)
    if not product:
        raise _not_offered(settings, cloud, name)
    current = [one for one in found["ProvisioningArtifacts"] if one.get("Guidance", "DEFAULT") == "DEFAULT"]
    if not current:
        raise ToolError(f"product {name}: every version of it is deprecated", "deploy the environment: mlz deploy env")
    version = max(current, key=lambda one: (one["CreatedTime"], one["Id"]))
    chosen = {"ProductId": product, "ProvisioningArtifactId": version["Id"], "PathId": found["LaunchPaths"][0]["Id"]}
    with translated(f"product {name}"):
        form = api.describe_provisioning_parameters(**chosen)["ProvisioningArtifactParameters"]
    entry = TemplateEntry(TEMPLATES[kind], "", 0, "", "", {row["ParameterKey"]: _declared(row) for row in form})
    return Origin(f"product {name}, version {version['Name'][:12]}", chosen, entry)


def _declared(row: Mapping[str, Any]) -> ParameterEntry:
    allowed = row.get("ParameterConstraints", {}).get("AllowedValues", ())
    return ParameterEntry(row["ParameterType"], row.get("DefaultValue"), tuple(allowed))


def _visible(api: Api, name: str) -> str:
    """The id of the product of this name that the caller may launch; empty when there is none."""
    token: dict[str, str] = {}
    while True:
        answer = api.search_products(Filters={"FullTextSearch": [name]}, **token)
        for row in answer["ProductViewSummaries"]:
            if row["Name"] == name:
                return str(row["ProductId"])
        if not answer.get("NextPageToken"):
            return ""
        token = {"PageToken": answer["NextPageToken"]}


def _not_offered(settings: Settings, cloud: Cloud, name: str) -> ToolError:
    """Whether there is no portfolio, or one that does not admit the caller; only an administrator is told."""
    api, elsewhere = cloud.client("servicecatalog"), "or take the template from S3: --from s3"
    wanted = f"{settings.identity} {PORTFOLIO_NAME}"
    try:
        with translated("portfolios"):
            pages = api.get_paginator("list_portfolios").paginate()
            held = [row["Id"] for page in pages for row in page["PortfolioDetails"] if row["DisplayName"] == wanted]
            admitted = [arn for portfolio in held for arn in _admitted(api, portfolio)]
    except Refused:
        return ToolError(f"product {name}: {cloud.caller_arn} sees none of this name", f"have it admitted, {elsewhere}")
    if not held:
        return ToolError(
            f"portfolio {wanted}: there is none in {cloud.account} in {settings.region}",
            f"deploy the environment: mlz deploy env; {elsewhere}",
        )
    return ToolError(
        f"product {name}: its portfolio does not admit {cloud.caller_arn}",
        f"use one of: {', '.join(admitted) or 'nobody yet'}; {elsewhere}",
    )


def _admitted(api: Api, portfolio: str) -> list[str]:
    pages = api.get_paginator("list_principals_for_portfolio").paginate(PortfolioId=portfolio)
    return sorted(row["PrincipalARN"] for page in pages for row in page["Principals"])
