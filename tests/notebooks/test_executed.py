"""Every notebook, executed cell by cell against the embedded AWS; what it prints is what its reader sees.

One test, since the chapters follow each other as people would: what the former one made, the next one uses.
"""

from __future__ import annotations

import json
import os
import re
import threading
from pathlib import Path

import pytest
import yaml

from templates import published
from tests.notebooks.conftest import REGION, Place, settled, until
from tests.notebooks.notebooks import Reader, code, shipped

GOLDEN = Path(__file__).parents[1] / "seed" / "definition.json"
DEFINITION = {"definition": f"definition = open({str(GOLDEN)!r}).read()"}
FAST = 0.2
REMAINING = """\
This environment came from core-main and env-main, stack sm-mlops-dev. Say so in mlz.yaml:
  env: {stack_name: sm-mlops-dev}

Deployed from core-main and env-main (this one):
  mlz destroy --purge --plan
  mlz destroy --purge

Deployed from Service Catalog:
  mlz destroy projects products targets env --purge --plan
  mlz destroy projects products targets env --purge
  mlz destroy core

Deployed from the quickstart:
  mlz destroy projects products targets env --purge --plan
  mlz destroy projects products targets env --purge

Then, when no other environment uses them, the releases in the package bucket:
  mlz destroy packages
"""
needs_sdk = pytest.mark.skipif(
    "SEED_PYTHON" not in os.environ, reason="needs the SDK of the seed's requirements.txt: SEED_PYTHON=…/python"
)


def set_up_keeps_what_the_environment_publishes(place: Place, reader: Reader) -> None:
    kept = json.loads((reader.home / "mlops-environment.json").read_text())
    domain = place.dev("sagemaker").list_domains()["Domains"][0]["DomainId"]
    ssm = place.dev("ssm")
    keys = {one.variable: one.key for one in vars(published).values() if isinstance(one, published.Published)}
    own = {"ENV_NAME", "ENV_TYPE", "AWS_REGION", "DOMAIN_ID", "EXECUTION_ROLE_ARN"}
    names = {variable: f"sm-mlops-dev-{keys[variable]}" for variable in kept.keys() - own}
    assert len(names) == 16
    assert kept == {
        **{variable: ssm.get_parameter(Name=name)["Parameter"]["Value"] for variable, name in names.items()},
        "ENV_NAME": "sm-mlops",
        "ENV_TYPE": "dev",
        "AWS_REGION": REGION,
        "DOMAIN_ID": domain,
        "EXECUTION_ROLE_ARN": f"arn:aws:iam::{place.made.development}:role/sm-mlops-dev-{REGION}-sm-execution",
    }


def set_up_says_which_environments_there_are(reader: Reader) -> None:
    with pytest.raises(AssertionError, match="LookupError: ENVIRONMENT is sm-mlops-x; there are: sm-mlops-dev\n"):
        reader.run("00-setup", ENVIRONMENT="sm-mlops-x")


def the_overview_shows_what_there_is(place: Place, reader: Reader) -> None:
    kept = json.loads((reader.home / "mlops-environment.json").read_text())
    settled(place, place.pipeline("ages", "modeldeploy"))
    assert reader.run("01-overview").splitlines() == [
        f"sm-mlops-dev, domain {kept['DOMAIN_ID']}",
        "projects: ages, training",
        "SageMaker pipelines: none",
        f"model package groups: ages-{place.projects['ages']}",
        "endpoints: none",
        "staging accounts: kept by mlz: mlz status lists them",
        "production accounts: kept by mlz: mlz status lists them",
    ]


def the_pipeline_by_steps_leaves_nothing(place: Place, reader: Reader) -> None:
    bucket = f"sm-mlops-dev-{REGION}-{place.made.development}-data"
    lines = reader.run("sagemaker-pipeline", PROJECT="training", ROWS=50, instead=DEFINITION).splitlines()
    data = f"s3://{bucket}/datasets/{place.projects['training']}/experiment/abalone.csv"
    subnets = "  subnets                       ['subnet-1', 'subnet-2']"
    assert lines[1:4] == [f"50 rows in {data}", "PreprocessAbaloneData", subnets]
    execution = f"arn:aws:sagemaker:{REGION}:{place.made.development}:pipeline/experiment-training/execution/"
    assert lines[-3] == "pipeline experiment-training"
    assert re.fullmatch(re.escape(execution) + "[a-z0-9]{12}", lines[-2])
    assert lines[-1] == f"deleted experiment-training and {data}"
    assert place.dev("sagemaker").list_pipelines()["PipelineSummaries"] == []
    assert place.dev("s3").list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def the_projects_pipeline_runs_with_parameters(place: Place, reader: Reader) -> None:
    name, sagemaker = f"sagemaker-training-{place.projects['training']}", place.dev("sagemaker")
    for _ in range(2):  # made, then updated
        lines = reader.run("sagemaker-pipelines-project", PROJECT="training", instead=DEFINITION).splitlines()
    runs = [re.fullmatch(r"started (\w{12}) with (.*)", line) for line in lines]
    ids = [found[1] for found in runs if found]
    assert lines[-3:] == [
        f"0 versions in training-{place.projects['training']}",
        *(f"{identity}: Succeeded" for identity in ids),
    ]
    arns = [f"arn:aws:sagemaker:{REGION}:{place.made.development}:pipeline/{name}/execution/{one}" for one in ids]
    told = [sagemaker.list_pipeline_parameters_for_execution(PipelineExecutionArn=arn) for arn in arns]
    given = [{one["Name"]: one["Value"] for one in answer["PipelineParameters"]} for answer in told]
    data = f"s3://sm-mlops-dev-{REGION}-{place.made.development}-data/datasets/{place.projects['training']}/abalone.csv"
    assert given == [
        {"InputDataUrl": data, "TrainingInstanceType": "ml.m5.large"},
        {"InputDataUrl": data, "TrainingInstanceType": "ml.m5.xlarge", "ProcessingInstanceType": "ml.m5.xlarge"},
    ]
    assert sagemaker.describe_pipeline(PipelineName=name)["RoleArn"].endswith(f"sm-mlops-dev-{REGION}-sm-pipeline")


def a_project_that_is_none_is_told(reader: Reader) -> None:
    with pytest.raises(AssertionError, match="Project ghost does not exist"):
        reader.run("sagemaker-pipelines-project", PROJECT="ghost", instead=DEFINITION)


def a_model_goes_to_production_with_two_approvals(place: Place, reader: Reader) -> None:
    """The first by the team's administrator, while the notebook waits; the second by the notebook."""
    group, printed = f"ages-{place.projects['ages']}", []
    settled(place, place.pipeline("ages", "modeldeploy"))
    given = {"PROJECT": "ages", "IMAGE": "image", "POLL_SECONDS": FAST, "APPROVES_PRODUCTION": True}
    reading = threading.Thread(target=lambda: printed.append(reader.run("sagemaker-model-deploy", **given)))
    reading.start()
    sagemaker = place.dev("sagemaker")
    package = until(lambda: sagemaker.list_model_packages(ModelPackageGroupName=group)["ModelPackageSummaryList"])[0]
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    sagemaker.update_model_package(ModelPackageArn=package["ModelPackageArn"], ModelApprovalStatus="Approved")
    reading.join()
    lines = printed[0].splitlines()
    assert [line for line in lines if line.endswith(": Succeeded") and line.startswith("Deploy")] == [
        "DeployModelStaging: DeployStaging: Succeeded",
        "DeployModelStaging: TestStaging: Succeeded",
        "DeployModelStaging: ApproveStagingDeployment: Succeeded",
        "DeployModelProd: DeployProdFirst: Succeeded",
        "DeployModelProd: SmokeTestProdFirst: Succeeded",
        "DeployModelProd: DeployProd: Succeeded",
        "DeployModelProd: SmokeTestProd: Succeeded",
    ]
    command = f"  aws sagemaker update-model-package --model-package-arn {package['ModelPackageArn']}"
    assert f"{command} --model-approval-status Approved" in lines
    where = f"{REGION}.console.aws.amazon.com/codesuite/codepipeline/pipelines/sagemaker-{group}-modeldeploy/view"
    assert f"https://{where}?region={REGION}" in lines
    assert place.endpoints(f"{group}-prod", "prod-01", "prod-02") == ["InService", "InService"]


def studio_has_been_asked_for_nothing_beyond_its_rights(reader: Reader) -> None:
    """`rights.yaml` says of each call whether Studio's role may make it; it may give no approval."""
    stated = yaml.safe_load((Path(__file__).parent / "rights.yaml").read_text())
    by_outcome: dict[str, set[str]] = {"allowed": set(), "denied": set()}
    for entry in stated:
        by_outcome[entry["expect"]].update([entry["action"]] if isinstance(entry["action"], str) else entry["action"])
    assert reader.calls() - by_outcome["allowed"] == {"codepipeline:PutApprovalResult"}
    assert "codepipeline:PutApprovalResult" in by_outcome["denied"]


def clean_up_deletes_nothing_unless_told(place: Place, reader: Reader) -> None:
    lines = reader.run("99-clean-up").splitlines()
    ages, training = (f"{name}-{place.projects[name]}" for name in ("ages", "training"))
    account = place.made.development
    assert lines[:14] == [
        f"sm-mlops-dev in {account}",
        f"ages ({place.projects['ages']}): CreateCompleted",
        f"  stack sets: sagemaker-{ages}-deploy-staging, sagemaker-{ages}-deploy-prod",
        f"  buckets: sm-mlops-cp-{place.projects['ages']}-{account}",
        f"  model package groups: {ages}",
        "  SageMaker pipelines: none",
        f"training ({place.projects['training']}): CreateCompleted",
        "  stack sets: none",
        f"  buckets: sm-mlops-cp-{place.projects['training']}-{account}",
        "  model package groups: none",
        f"  SageMaker pipelines: sagemaker-{training}",
        "2 projects",
        "keeps ages",
        "keeps training",
    ]


def clean_up_refuses_what_is_no_project_here(reader: Reader) -> None:
    with pytest.raises(AssertionError, match="LookupError: DELETE: ghost: no project of sm-mlops-dev\n"):
        reader.run("99-clean-up", DELETE=["ages", "ghost"])


def clean_up_deletes_in_order_and_keeps_models(place: Place, reader: Reader) -> None:
    lines = reader.run("99-clean-up", DELETE=["ages"], POLL_SECONDS=FAST).splitlines()
    group, account = f"ages-{place.projects['ages']}", place.made.development
    assert [line for line in lines if line.startswith("deleted ")] == [
        f"deleted sagemaker-{group}-deploy-staging in 1 accounts",
        f"deleted sagemaker-{group}-deploy-prod in 2 accounts",
        "deleted the project ages",
        f"deleted the bucket sm-mlops-cp-{place.projects['ages']}-{account}",
    ]
    assert place.endpoints(f"{group}-prod", "prod-01", "prod-02") == ["none", "none"]
    groups = place.dev("sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"]
    assert [row["ModelPackageGroupName"] for row in groups] == [group]


def clean_up_deletes_models_when_told(place: Place, reader: Reader) -> None:
    settled(place, place.pipeline("training", "modelbuild"))
    lines = reader.run("99-clean-up", DELETE=["training"], DELETE_MODELS=True, POLL_SECONDS=FAST).splitlines()
    identity = place.projects["training"]
    assert [line for line in lines if line.startswith("deleted ")] == [
        "deleted the project training",
        f"deleted the bucket sm-mlops-cp-{identity}-{place.made.development}",
        f"deleted the SageMaker pipeline sagemaker-training-{identity}",
    ]
    start = next(number for number, line in enumerate(lines) if line.startswith("This environment"))
    assert lines[start:] == REMAINING.splitlines()


def test_from_set_up_to_clean_up(place: Place, reader: Reader) -> None:
    set_up_keeps_what_the_environment_publishes(place, reader)
    set_up_says_which_environments_there_are(reader)
    the_overview_shows_what_there_is(place, reader)
    the_pipeline_by_steps_leaves_nothing(place, reader)
    the_projects_pipeline_runs_with_parameters(place, reader)
    a_project_that_is_none_is_told(reader)
    a_model_goes_to_production_with_two_approvals(place, reader)
    studio_has_been_asked_for_nothing_beyond_its_rights(reader)
    clean_up_deletes_nothing_unless_told(place, reader)
    clean_up_refuses_what_is_no_project_here(reader)
    clean_up_deletes_in_order_and_keeps_models(place, reader)
    clean_up_deletes_models_when_told(place, reader)


@needs_sdk
@pytest.mark.parametrize("name", ["sagemaker-pipeline", "sagemaker-pipelines-project"])
def test_with_the_sdk_definitions_are_this_environments(reader: Reader, name: str) -> None:
    printed = reader.run(name, PROJECT="training", python=os.environ["SEED_PYTHON"])
    kept = json.loads((reader.home / "mlops-environment.json").read_text())
    steps = ["PreprocessAbaloneData", "TrainAbaloneModel", "EvaluateAbaloneModel", "CheckMSEAbalone"]
    if name == "sagemaker-pipeline":
        steps.pop()
        assert printed.count(f"  subnets                       {kept['SUBNET_IDS'].split(',')}\n") == 3
    assert [step for step in steps if step in printed] == steps


def test_every_code_cell_has_code() -> None:
    empty = [(name, cell["id"]) for name, path in shipped().items() for cell in code(path) if not cell["source"]]
    assert empty == []
