"""`mlz project` against an environment with target accounts, as its Studio role and as its administrator."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mlz import cli
from mlz.stories import world
from sandbox.faults import Fault
from sandbox.roles import role_named
from sandbox.server import Sandbox
from stacksets.client import Cloud, connect

REGION, BUCKET, EACH = "eu-west-1", "project-bucket", 2
STUDIO = f"sm-mlops-dev-{REGION}-sm-execution"
ENDPOINT = json.dumps(
    {"Resources": {"E": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "endpoint"}}}}
)


@dataclass(frozen=True)
class Estate:
    """A deployed environment: one staging account and two prod accounts that are active."""

    aws: Sandbox
    made: world.World
    folder: Path

    @property
    def account(self) -> str:
        return self.made.development

    def variables(self) -> dict[str, str]:
        return world.variables(self.folder / "credentials", self.aws.endpoint, self.account, REGION)

    @contextmanager
    def studio(self) -> Iterator[None]:
        """Commands in this block are run by a session of the role that Studio's users work with."""
        role = role_named(self.account, STUDIO)
        assert role is not None
        issued = self.aws.identity.issue(role, "ann")
        keys = {
            "AWS_ACCESS_KEY_ID": issued["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": issued["SecretAccessKey"],
            "AWS_SESSION_TOKEN": issued["SessionToken"],
        }
        with world.environment({**self.variables(), **keys}):
            yield

    def cloud(self) -> Cloud:
        return connect("", REGION)


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    folder = tmp_path_factory.mktemp("estate")
    with pytest.MonkeyPatch.context() as patch, Sandbox() as aws:
        patch.chdir(folder)
        keys = folder / "credentials"
        with world.environment(world.variables(keys, aws.endpoint, world.MANAGEMENT, REGION)):
            made = world.seed(connect("", REGION), EACH)
        Path("mlz.yaml").write_text(world.settings(made, BUCKET, REGION))
        built = Estate(aws, made, folder)
        with world.environment(built.variables()):
            for words in ("package --no-lint", "bootstrap", "deploy core", "deploy env", "deploy targets"):
                assert cli.run([*words.split(), "--yes", "--quiet"]) == 0
            yield built


@dataclass(frozen=True)
class Desk:
    estate: Estate
    capture: pytest.CaptureFixture[str]

    def run(self, *words: str, code: int = 0) -> tuple[str, str]:
        """stdout and stderr of `mlz project …`, which must end with `code`."""
        ended = cli.run(["project", *words, "--no-color"])
        out, error = self.capture.readouterr()
        assert ended == code, f"mlz project {' '.join(words)}: exit {ended}\n{out}{error}"
        return out, error

    def data(self, *words: str) -> Any:
        return json.loads(self.run(*words, "--output", "json")[0])

    def client(self, service: str) -> Any:
        return self.estate.cloud().client(service)


@pytest.fixture
def desk(estate: Estate, capsys: pytest.CaptureFixture[str]) -> Desk:
    capsys.readouterr()
    return Desk(estate, capsys)


@pytest.mark.parametrize("name", ["1st", "a_b", "tail-", "x" * 33])
def test_names_that_no_project_has(desk: Desk, name: str) -> None:
    assert desk.run("create", name, "--kind", "deploy", code=1)[1] == (
        f"error: project {name}: this is no name for a project\n"
        "hint: 1 to 32 letters, digits and hyphens; it begins with a letter and does not end with a hyphen\n"
    )


def test_kinds_and_pairs(desk: Desk) -> None:
    assert desk.run("create", "a", "--kind", "train", code=2)[1] == (
        "error: Invalid value for '--kind': 'train' is not one of 'build-train', 'deploy'.\n"
        "hint: see: mlz project create --help\n"
    )
    assert desk.run("create", "a", "--kind", "deploy", "--parameter", "Color", code=2)[1] == (
        "error: --parameter Color: give it as KEY=VALUE\nhint: see: mlz project create --help\n"
    )


def test_without_a_portfolio(desk: Desk) -> None:
    settings = Path("mlz.yaml").read_text().replace("type: dev", "type: test")
    Path("other.yaml").write_text(settings)
    assert desk.run("create", "a", "--kind", "deploy", "--config", "other.yaml", code=1)[1] == (
        f"error: portfolio sm-mlops-test MLOps project templates: there is none in {desk.estate.account} in {REGION}\n"
        "hint: deploy the environment: mlz deploy env; or take the template from S3: --from s3\n"
    )


def test_whom_the_portfolio_does_not_admit(desk: Desk) -> None:
    account = desk.estate.account
    assert desk.run("create", "a", "--kind", "deploy", code=1)[1] == (
        "error: product sm-mlops-dev MLOps model deploy: "
        f"its portfolio does not admit arn:aws:iam::{account}:root\n"
        f"hint: use one of: arn:aws:iam::{account}:role/{STUDIO}; or take the template from S3: --from s3\n"
    )


def test_parameters_that_the_template_does_not_take(desk: Desk) -> None:
    with desk.estate.studio():
        refused = desk.run("create", "a", "--kind", "deploy", "--parameter", "MultiAccountDeploymnt=YES", code=1)[1]
        assert refused == (
            "error: parameter.MultiAccountDeploymnt: project-model-deploy.yaml has no such parameter\n"
            "hint: did you mean MultiAccountDeployment?\n"
        )
        refused = desk.run("create", "a", "--kind", "deploy", "--parameter", "MultiAccountDeployment=MAYBE", code=1)[1]
        assert refused == (
            "error: parameter.MultiAccountDeployment: 'MAYBE' is not one of its values\nhint: allowed: YES, NO\n"
        )
        refused = desk.run("create", "a", "--kind", "deploy", "--parameter", "SageMakerProjectName=b", code=1)[1]
        assert refused == "error: parameter SageMakerProjectName: it comes from NAME\nhint: leave it out\n"


def test_a_project_comes_and_is_listed(desk: Desk) -> None:
    with desk.estate.studio():
        wanted = ("create", "first", "--kind", "build-train", "--repository-provider", "S3")
        _, shown = desk.run(*wanted, "--dry-run")
        assert "+ project first (build-train) from product sm-mlops-dev MLOps model build and train, version " in shown
        assert "    RepositoryProvider = S3\nnext: the same without --dry-run creates it\n" in shown
        assert desk.run("list")[0] == ""
        assert "confirmation: nobody is here to answer" in desk.run(*wanted, code=1)[1]
        row = desk.data(*wanted, "--yes")
        assert (row["name"], row["kind"], row["status"]) == ("first", "build-train", "CreateCompleted")
        again, said = desk.run(*wanted, "--yes")
        assert said == "project first: it is there already, nothing to change\nnext: mlz project list\n"
        assert again.startswith(f"first  {row['id']}  build-train  CreateCompleted  ")
        assert desk.run("create", "first", "--kind", "deploy", code=1)[1] == (
            "error: project first: there is one already, of kind build-train\nhint: choose another name\n"
        )
        assert [one["name"] for one in desk.data("list")["projects"]] == ["first"]
        lines = desk.run("list")[0].splitlines()
        assert lines[0].split() == ["name", "id", "kind", "status", "created", "pipeline"]
        assert lines[1].split()[:4] == ["first", row["id"], "build-train", "CreateCompleted"]
    others(desk)
    assert cli.run(["destroy", "projects", "--plan", "--no-color"]) == 0
    told = [line for line in desk.capture.readouterr().err.splitlines() if "bucket" in line]
    assert [line.split()[:2] for line in told] == [["-", "bucket"]]
    assert desk.run("delete", "first", "--yes")[0] == f"deleted: first-{row['id']}\n"
    assert desk.data("list") == {"projects": []}


def others(desk: Desk) -> None:
    """Another environment's commands neither list nor delete it."""
    Path("other.yaml").write_text(Path("mlz.yaml").read_text().replace("type: dev", "type: test"))
    out, said = desk.run("list", "--config", "other.yaml")
    told = ["sm-mlops-test has no projects", "1 project of others in this account"]
    assert (out, said.splitlines()[:2]) == ("", told)
    assert desk.run("delete", "first", "--yes", "--config", "other.yaml", code=1)[1] == (
        "error: project first: it is of sm-mlops-dev, not of sm-mlops-test\n"
        "hint: use the settings of its environment; nothing was changed\n"
    )
    assert desk.run("create", "first", "--kind", "deploy", "--config", "other.yaml", code=1)[1] == (
        "error: project first: there is one already, of sm-mlops-dev\nhint: choose another name\n"
    )


def test_a_creation_that_fails_says_why_and_how_to_go_on(desk: Desk) -> None:
    kind, why = "AWS::CodePipeline::Pipeline", "the quota is used up"
    desk.estate.aws.faults.order(Fault("failing_account", resource_type=kind, times=1, reason=why))
    why = f"ModelDeployPipeline ({kind}) CREATE_FAILED: {why}"
    with desk.estate.studio():
        wanted = ("create", "second", "--kind", "deploy", "--yes")
        said = desk.run(*wanted, code=1)[1]
        assert said.splitlines()[-2] == f"error: project second: CreateFailed: {why}"
        assert said.splitlines()[-1].endswith("; then: mlz project delete second, and run the same command again")
        assert [one["status"] for one in desk.data("list")["projects"]] == ["CreateFailed"]
        said = desk.run(*wanted, code=1)[1]
        assert said.splitlines()[0] == f"error: project second: CreateFailed: {why}"
        assert said.splitlines()[1].endswith("; then delete what is left of it: mlz project delete second")
    desk.run("delete", "second", "--yes")
    with desk.estate.studio():
        assert desk.data(*wanted)["status"] == "CreateCompleted"
    desk.run("delete", "second", "--yes")


def test_from_the_template_in_s3(desk: Desk) -> None:
    """Nobody needs a portfolio for it: neither the administrator nor the role that Studio's users work with."""
    url = f"https://{BUCKET}.s3.{REGION}.amazonaws.com/sagemaker-mlops/project-templates/project-model-deploy.yaml"
    launch = f"arn:aws:iam::{desk.estate.account}:role/sm-mlops-dev-{REGION}-project-launch"
    wanted = ("create", "third", "--kind", "deploy", "--from", "s3")
    assert desk.run(*wanted, "--dry-run")[1].splitlines()[0] == (
        f"+ project third (deploy) from s3://{BUCKET}/sagemaker-mlops/project-templates/project-model-deploy.yaml"
    )
    stranger = launch.replace("launch", "stranger")
    refused = desk.run(*wanted, "--role", stranger, "--yes", code=1)[1]
    assert f"project third: Access denied while assuming the role {stranger}. (ValidationException)" in refused
    with desk.estate.studio():
        row = desk.data(*wanted, "--yes")
    assert (row["kind"], row["status"]) == ("deploy", "CreateCompleted")
    found = desk.client("sagemaker").describe_project(ProjectName="third")
    detail = found["TemplateProviderDetails"][0]["CfnTemplateProviderDetail"]
    assert (detail["TemplateName"], detail["TemplateURL"], detail["RoleARN"]) == ("deploy", url, launch)
    code = "- its CodeCommit repository with all code in it: clone what you want to keep"
    assert code in desk.run("delete", "third", "--yes")[1].splitlines()


def test_a_group_is_found_when_its_project_is_gone(desk: Desk) -> None:
    sagemaker, identity = desk.client("sagemaker"), "p-abcdefghijkl"
    tags = {"sagemaker:project-id": identity, "EnvironmentName": "sm-mlops", "EnvironmentType": "dev"}
    for name, owner in (("gone", tags), ("theirs", {**tags, "EnvironmentType": "test"})):
        rows = [{"Key": key, "Value": value} for key, value in owner.items()]
        sagemaker.create_model_package_group(ModelPackageGroupName=f"{name}-{identity}", Tags=rows)
    assert desk.run("delete", "gone", "--yes")[0] == (
        f"deleted: gone-{identity}\nkept: model package group gone-{identity} with 0 versions\n"
    )
    assert desk.run("delete", "gone", "--models", "--yes")[0] == f"deleted: gone-{identity}\n"
    assert "project theirs: there is none" in desk.run("delete", "theirs", "--models", "--yes", code=1)[1]


def test_deletion_takes_the_endpoints_first_and_goes_on(desk: Desk) -> None:
    with desk.estate.studio():
        wanted = ("create", "fourth", "--kind", "deploy", "--parameter", "MultiAccountDeployment=YES", "--yes")
        # Without a connection its pipeline ends at once: what it might make would come between.
        row = desk.data(*wanted, "--repository-provider", "CodeConnections")
    full = f"fourth-{row['id']}"
    deployed(desk, full)
    models(desk, row["id"])
    bucket = f"sm-mlops-cp-{row['id']}-{desk.estate.account}"
    desk.client("s3").put_object(Bucket=bucket, Key="artifact", Body=b"1")
    announced = [
        f"- stack set sagemaker-{full}-deploy-prod",
        f"- stack set sagemaker-{full}-deploy-staging",
        "- the endpoints' stacks in 3 accounts",
        f"- project fourth ({row['id']}) with its stack",
        f"- bucket {bucket} with every version of its objects",
        f"kept: model package group {full} with 2 versions",
        f"kept: SageMaker pipeline sagemaker-{full}",
    ]
    assert desk.run("delete", "fourth", "--dry-run")[1].splitlines()[:-1] == announced
    assert "confirmation: nobody is here to answer" in desk.run("delete", "fourth", code=1)[1]
    broken = desk.estate.made.accounts["prod-02"]
    desk.estate.aws.faults.order(
        Fault("failing_account", account=broken, action="delete", times=1, reason="it is in use")
    )
    assert broken in desk.run("delete", "fourth", "--yes", code=4)[1]
    assert [one["status"] for one in desk.data("list")["projects"]] == ["CreateCompleted"]
    desk.estate.aws.faults.clear()
    kept = [f"model package group {full} with 2 versions", f"SageMaker pipeline sagemaker-{full}"]
    assert desk.data("delete", "fourth", "--yes") == {"deleted": full, "kept": kept}
    assert gone(desk, full, bucket)
    sagemaker = desk.client("sagemaker")
    assert len(sagemaker.list_model_packages(ModelPackageGroupName=full)["ModelPackageSummaryList"]) == 2
    assert desk.run("delete", "fourth", "--models", "--yes")[0] == f"deleted: {full}\n"
    assert sagemaker.list_model_package_groups(NameContains="fourth")["ModelPackageGroupSummaryList"] == []
    assert sagemaker.list_pipelines(PipelineNamePrefix="sagemaker-fourth")["PipelineSummaries"] == []
    assert desk.run("delete", "fourth", "--models", "--yes", code=1)[1] == (
        "error: project fourth: there is none, and nothing is left of one\nhint: sm-mlops-dev has no projects\n"
    )


def test_what_is_left_in_another_region_is_not_ours(desk: Desk) -> None:
    s3, bucket = desk.estate.cloud().client("s3", "eu-central-1"), f"sm-mlops-cp-p-elsewhere0001-{desk.estate.account}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    tags = {"SageMakerProjectName": "elsewhere", "SageMakerProjectId": "p-elsewhere0001"}
    tags |= {"EnvironmentName": "sm-mlops", "EnvironmentType": "dev"}
    s3.put_bucket_tagging(
        Bucket=bucket, Tagging={"TagSet": [{"Key": key, "Value": value} for key, value in tags.items()]}
    )
    assert "project elsewhere: there is none" in desk.run("delete", "elsewhere", "--yes", code=1)[1]
    assert desk.run("delete", "elsewhere", "--yes", "--region", "eu-central-1")[0] == (
        "deleted: elsewhere-p-elsewhere0001\n"
    )


def test_a_project_that_studio_made(desk: Desk) -> None:
    """It has none of our tags: its environment is the only domain's, its kind is its pipeline's."""
    with desk.estate.studio():
        catalog = desk.client("servicecatalog")
        products = {row["Name"]: row["ProductId"] for row in catalog.search_products()["ProductViewSummaries"]}
        chosen = {"ProductId": products["sm-mlops-dev MLOps model build and train"]}
        desk.client("sagemaker").create_project(ProjectName="studio", ServiceCatalogProvisioningDetails=chosen)
        row = desk.data("create", "studio", "--kind", "build-train")
        assert (row["name"], row["kind"], row["status"]) == ("studio", "build-train", "CreateCompleted")
    desk.run("delete", "studio", "--yes")


def deployed(desk: Desk, full: str) -> None:
    """Stack sets as the pipeline's deploy actions make them."""
    cloudformation, accounts = desk.client("cloudformation"), desk.estate.made.accounts
    for stage, names in {"staging": ["staging-01"], "prod": ["prod-01", "prod-02"]}.items():
        name = f"sagemaker-{full}-deploy-{stage}"
        cloudformation.create_stack_set(
            StackSetName=name,
            TemplateBody=ENDPOINT,
            AdministrationRoleARN=f"arn:aws:iam::{desk.estate.account}:role/sm-mlops-dev-{REGION}-stackset-admin",
            ExecutionRoleName=f"sm-mlops-{stage}-{REGION}-stackset-execution",
        )
        operation = cloudformation.create_stack_instances(
            StackSetName=name, Accounts=[accounts[one] for one in names], Regions=[REGION]
        )["OperationId"]
        while True:
            found = cloudformation.describe_stack_set_operation(StackSetName=name, OperationId=operation)
            if found["StackSetOperation"]["Status"] not in ("RUNNING", "QUEUED"):
                break
        assert found["StackSetOperation"]["Status"] == "SUCCEEDED"


def models(desk: Desk, identity: str) -> None:
    """What the project's build leaves in SageMaker."""
    sagemaker, group = desk.client("sagemaker"), f"fourth-{identity}"
    sagemaker.create_model_package_group(ModelPackageGroupName=group)
    tags = {"sagemaker:project-id": identity, "EnvironmentName": "sm-mlops", "EnvironmentType": "dev"}
    for _ in range(2):
        sagemaker.create_model_package(ModelPackageGroupName=group)
    sagemaker.create_pipeline(
        PipelineName=f"sagemaker-{group}",
        PipelineDefinition="{}",
        ClientRequestToken="x" * 32,
        RoleArn=f"arn:aws:iam::{desk.estate.account}:role/{STUDIO}",
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
    )


def gone(desk: Desk, full: str, bucket: str) -> bool:
    sets = desk.client("cloudformation").list_stack_sets(Status="ACTIVE")["Summaries"]
    buckets = desk.client("s3").list_buckets()["Buckets"]
    named = [one["StackSetName"] for one in sets if full in one["StackSetName"]]
    return not named and bucket not in [one["Name"] for one in buckets]
