"""SageMaker projects: which there are, of which kind, of which environment, and what their pipelines did last."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from generator.errors import ToolError
from stacksets.client import Refused, pages, translated

if TYPE_CHECKING:
    from mlz.config.settings import Settings
    from stacksets.client import Api, Cloud

# Kind -> its template, and how the name of its pipeline ends (templates/project/delivery.py).
TEMPLATES = {"build-train": "project-model-build-train.yaml", "deploy": "project-model-deploy.yaml"}
PIPELINES = {"build-train": "modelbuild", "deploy": "modeldeploy"}
# CreateProject's pattern of names; the templates want a letter first (templates/project/environment.py).
NAME = re.compile(r"[a-zA-Z](-*[a-zA-Z0-9]){0,31}")
# By these the project's function finds its environment too (functions/get-environment-configuration).
NAME_TAG, TYPE_TAG = "EnvironmentName", "EnvironmentType"
KIND_TAG = "ProjectKind"
# How names of artifact buckets begin (templates/project/delivery.py).
ARTIFACTS = "sm-mlops-cp-"
GONE = "DeleteCompleted"
UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Project:
    """One project as SageMaker describes it; `environment` is `<name>-<type>`, `kind` one of TEMPLATES or empty.

    `stack` is the name or id of its stack, empty where there is none yet; `created` is a day,
    `domain` the one that it was created from.
    """

    name: str
    id: str
    status: str
    kind: str = ""
    environment: str = ""
    created: str = ""
    stack: str = ""
    message: str = ""
    arn: str = ""
    domain: str = ""

    @property
    def full_name(self) -> str:
        """`<name>-<id>`, which the names of all it has begin with, after `sagemaker-`."""
        return f"{self.name}-{self.id}"

    @property
    def is_moving(self) -> bool:
        return self.status == "Pending" or self.status.endswith("InProgress")

    @property
    def has_failed(self) -> bool:
        return self.status.endswith("Failed")


@dataclass(frozen=True)
class Artifacts:
    """A bucket of a project's pipeline, which outlives it: the project's name and id, and its environment."""

    bucket: str
    project: str
    id: str
    environment: str


def refuse_name(name: str) -> None:
    """ToolError unless a project may have this name."""
    if not NAME.fullmatch(name):
        raise ToolError(
            f"project {name}: this is no name for a project",
            "1 to 32 letters, digits and hyphens; it begins with a letter and does not end with a hyphen",
        )


def of(cloud: Cloud, settings: Settings) -> list[Project]:
    """The environment's projects in this account and Region, by name; others of the account are left out."""
    return [one for one in everyone(cloud) if one.environment == settings.identity]


def everyone(cloud: Cloud) -> list[Project]:
    """All projects of the account and Region, by name."""
    with translated("projects"):
        found = list(pages(cloud.client("sagemaker").list_projects, "ProjectSummaryList"))
    names = sorted(row["ProjectName"] for row in found if row["ProjectStatus"] != GONE)
    return [project for name in names if (project := find(cloud, name)) is not None]


def find(cloud: Cloud, name: str) -> Project | None:
    """The project with its kind and environment; None when there is none, or it has been deleted."""
    found = described(cloud, name)
    if found is None:
        return None
    api = cloud.client("sagemaker")
    with translated(f"project {name}"):
        tags = tags_of(api, found.arn)
        home = _home(api, found.domain, tags)
    kind = tags.get(KIND_TAG) or _kind(cloud, found.full_name)
    return replace(found, kind=kind, environment=environment_of(home))


def described(cloud: Cloud, name: str) -> Project | None:
    """What one call says of it: neither kind nor environment."""
    try:
        with translated(f"project {name}"):
            found = cloud.client("sagemaker").describe_project(ProjectName=name)
    except Refused as problem:
        if "does not exist" in problem.message or problem.code in ("ResourceNotFound", "ResourceNotFoundException"):
            return None
        raise
    if found["ProjectStatus"] == GONE:
        return None
    return Project(
        name=name,
        id=found["ProjectId"],
        arn=found["ProjectArn"],
        status=found["ProjectStatus"],
        created=f"{found['CreationTime']:%Y-%m-%d}",
        domain=found.get("CreatedBy", {}).get("DomainId", ""),
        **_provider(cloud, found),
    )


def _provider(cloud: Cloud, found: Mapping[str, Any]) -> dict[str, str]:
    """`stack` and `message` of a project of either provider."""
    for one in found.get("TemplateProviderDetails", ()):
        detail = one["CfnTemplateProviderDetail"].get("StackDetail", {})
        return {"stack": detail.get("Id") or detail.get("Name", ""), "message": detail.get("StatusMessage", "")}
    product = found.get("ServiceCatalogProvisionedProductDetails", {})
    identity = product.get("ProvisionedProductId", "")
    # Service Catalog names the stack of a provisioned product so (Administrator Guide, "Launch constraints").
    stack = f"SC-{cloud.account}-{identity}" if identity else ""
    return {"stack": stack, "message": product.get("ProvisionedProductStatusMessage", "")}


def tags_of(api: Api, arn: str) -> dict[str, str]:
    """Tags of a SageMaker resource."""
    return {tag["Key"]: tag["Value"] for tag in pages(api.list_tags, "Tags", ResourceArn=arn)}


def _home(api: Api, domain: str, tags: Mapping[str, str]) -> Mapping[str, str]:
    """The tags that name the environment: the project's, else its creator's domain's, else the only domain's."""
    if _is_complete(tags):
        return tags
    if domain:
        theirs = tags_of(api, api.describe_domain(DomainId=domain)["DomainArn"])
        return theirs if _is_complete(theirs) else {}
    every = [tags_of(api, row["DomainArn"]) for row in pages(api.list_domains, "Domains")]
    environments = [one for one in every if _is_complete(one)]
    return environments[0] if len(environments) == 1 else {}


def environment_of(tags: Mapping[str, str]) -> str:
    """`<name>-<type>`; empty where the tags do not say both."""
    return f"{tags[NAME_TAG]}-{tags[TYPE_TAG]}" if _is_complete(tags) else ""


def _is_complete(tags: Mapping[str, str]) -> bool:
    return NAME_TAG in tags and TYPE_TAG in tags


def _kind(cloud: Cloud, full_name: str) -> str:
    """By the pipeline that it has; empty when it has none of ours, or nobody may look."""
    return next((kind for kind in PIPELINES if last_run(cloud, full_name, kind) not in ("", UNKNOWN)), "")


def last_run(cloud: Cloud, full_name: str, kind: str) -> str:
    """What became of the pipeline's last run: `Succeeded`, `InProgress` …, `never ran`; empty without a pipeline."""
    name = f"sagemaker-{full_name}-{PIPELINES.get(kind, '')}"
    try:
        with translated(name):
            found = cloud.client("codepipeline").list_pipeline_executions(pipelineName=name, maxResults=1)
    except Refused as problem:
        return "" if problem.code == "PipelineNotFoundException" else UNKNOWN
    runs = found["pipelineExecutionSummaries"]
    return str(runs[0]["status"]) if runs else "never ran"


def stack_sets(cloud: Cloud, project: Project) -> list[str]:
    """Names of the stack sets with which the project deploys endpoints to accounts of stages."""
    prefix = f"sagemaker-{project.full_name}-deploy-"
    with translated("stack sets"):
        found = pages(cloud.client("cloudformation").list_stack_sets, "Summaries", Status="ACTIVE")
        return sorted(row["StackSetName"] for row in found if row["StackSetName"].startswith(prefix))


def of_buckets(cloud: Cloud, settings: Settings) -> set[str]:
    """Names of the environment's projects that have an artifact bucket, deleted projects too."""
    return {one.project for one in buckets(cloud) if one.environment == settings.identity}


def buckets(cloud: Cloud, name: str = "") -> Iterator[Artifacts]:
    """Artifact buckets in this Region of the projects of this name, or of all: their tags say whose they are."""
    api = cloud.client("s3")
    with translated("buckets"):
        found = api.get_paginator("list_buckets").paginate(BucketRegion=cloud.region, Prefix=ARTIFACTS)
        names = [row["Name"] for page in found for row in page.get("Buckets", ())]
    for bucket in names:
        tags = {tag["Key"]: tag["Value"] for tag in _bucket_tags(api, bucket)}
        project = tags.get("SageMakerProjectName", "")
        if project and name in ("", project):
            yield Artifacts(bucket, project, tags.get("SageMakerProjectId", ""), environment_of(tags))


def _bucket_tags(api: Api, bucket: str) -> list[dict[str, str]]:
    try:
        with translated(f"s3://{bucket}"):
            return list(api.get_bucket_tagging(Bucket=bucket)["TagSet"])
    except Refused as problem:
        if problem.code in ("NoSuchTagSet", "NoSuchBucket"):
            return []
        raise
