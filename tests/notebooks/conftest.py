"""One environment with its two projects for all notebooks: made once, since that takes a quarter of a minute."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mlz import cli
from mlz.stories import world
from sandbox.server import Sandbox
from stacksets.client import connect
from tests.notebooks.notebooks import Reader

REGION, EACH, PATIENCE = "eu-west-1", 2, 60
COMMANDS = ("package --no-lint", "bootstrap", "deploy core", "deploy env", "deploy targets")
PROJECTS = {"ages": ("deploy", "--parameter MultiAccountDeployment=YES"), "training": ("build-train", "")}


@dataclass(frozen=True)
class Place:
    """The environment, whoever reads the notebooks in its development account, and the ids of its projects."""

    aws: Sandbox
    made: world.World
    reader: Reader
    projects: dict[str, str]

    def dev(self, service: str) -> Any:
        return self.client(service, self.made.development)

    def pipeline(self, project: str, suffix: str) -> str:
        return f"sagemaker-{project}-{self.projects[project]}-{suffix}"

    def endpoints(self, name: str, *accounts: str) -> list[str]:
        """The endpoint's status in each of the accounts, which have names here; `none` where there is none."""
        found = []
        for account in accounts:
            listed = self.client("sagemaker", self.made.accounts[account]).list_endpoints()["Endpoints"]
            found.append({row["EndpointName"]: row["EndpointStatus"] for row in listed}.get(name, "none"))
        return found

    def client(self, service: str, account: str) -> Any:
        import boto3

        keys = self.aws.credentials(account)
        return boto3.client(service, region_name=REGION, endpoint_url=self.aws.endpoint, **keys)  # type: ignore[call-overload]


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder, before = tmp_path_factory.mktemp("environment"), Path.cwd()
    home = tmp_path_factory.mktemp("home")
    keys = folder / "credentials"
    with Sandbox() as aws:
        os.chdir(folder)
        with world.environment(world.variables(keys, aws.endpoint, world.MANAGEMENT, REGION)):
            made = world.seed(connect("", REGION), EACH)
        Path("mlz.yaml").write_text(world.settings(made, "notebooks-bucket", REGION))
        with world.environment(world.variables(keys, aws.endpoint, made.development, REGION)):
            for words in COMMANDS:
                assert cli.run([*words.split(), "--yes", "--quiet"]) == 0
            for name, (kind, more) in PROJECTS.items():
                wish = f"project create {name} --kind {kind} --from s3 {more} --yes --quiet"
                assert cli.run(wish.split()) == 0
            sagemaker = connect("", REGION).client("sagemaker")
            ids = {name: sagemaker.describe_project(ProjectName=name)["ProjectId"] for name in PROJECTS}
        os.chdir(before)
        yield Place(aws, made, Reader(home, aws.environment(made.development, REGION)), ids)


@pytest.fixture(scope="session")
def reader(place: Place) -> Reader:
    """After `00-setup`, which the other notebooks want first."""
    place.reader.run("00-setup")
    return place.reader


def until(read: Callable[[], Any]) -> Any:
    """What `read` returns as soon as it returns anything."""
    end = time.monotonic() + PATIENCE
    while not (found := read()):
        assert time.monotonic() < end
        time.sleep(0.1)
    return found


def settled(place: Place, pipeline: str) -> str:
    """The status of the pipeline's newest run when it has ended."""

    def ended() -> str:
        found = place.dev("codepipeline").list_pipeline_executions(pipelineName=pipeline)
        status = str(found["pipelineExecutionSummaries"][0]["status"])
        return "" if status == "InProgress" else status

    return str(until(ended))
