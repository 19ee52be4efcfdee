from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

PROPERTIES = {
    "SageMakerProjectName": "churn",
    "SSMParams": [{"VariableName": "DataBucketName", "ParameterName": "data-bucket-name"}],
}
TAGS = {"EnvironmentName": "sm-mlops", "EnvironmentType": "dev"}


class ParameterNotFound(Exception):
    pass


class Exceptions:
    ParameterNotFound = ParameterNotFound


@dataclass
class World:
    """SageMaker's and SSM's clients in one: a project, domains by id, tags by ARN, parameters by name."""

    Pages: Any
    project: dict[str, Any] = field(default_factory=lambda: {"ProjectArn": "arn:project"})
    domains: list[str] = field(default_factory=lambda: ["d-1"])
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    exceptions: type[Exceptions] = Exceptions

    def describe_project(self, ProjectName: str) -> dict[str, Any]:
        assert ProjectName == "churn"
        return self.project

    def describe_domain(self, DomainId: str) -> dict[str, Any]:
        return {
            "DomainId": DomainId,
            "DomainArn": f"arn:{DomainId}",
            "DomainName": "studio",
            "VpcId": "vpc-1",
            "SubnetIds": ["subnet-a", "subnet-b"],
            "KmsKeyId": "key",
            "DefaultUserSettings": {"ExecutionRole": "arn:role", "SecurityGroups": ["sg-1"]},
        }

    def get_paginator(self, operation: str) -> Any:
        match operation:
            case "list_domains":
                return self.Pages(
                    lambda: [{"DomainId": one, "DomainArn": f"arn:{one}"} for one in self.domains], "Domains", 1
                )
            case "list_tags":
                return self.Pages(
                    lambda ResourceArn: [{"Key": k, "Value": v} for k, v in self.tags.get(ResourceArn, {}).items()],
                    "Tags",
                    1,
                )
        raise AssertionError(operation)

    def get_parameter(self, Name: str) -> dict[str, Any]:
        if Name not in self.parameters:
            raise ParameterNotFound(Name)
        return {"Parameter": {"Value": self.parameters[Name]}}


@pytest.fixture
def world(clients: dict[str, Any], Pages: Any) -> World:
    """An environment with one domain and a project that says nothing of where it comes from."""
    made = World(Pages, tags={"arn:d-1": TAGS})
    made.parameters = {"sm-mlops-dev-sagemaker-domain-id": "d-1", "sm-mlops-dev-data-bucket-name": "data"}
    clients.update(sagemaker=made, ssm=made)
    return made


@pytest.fixture
def handler(load: Any) -> Any:
    return load("get-environment-configuration").handler


@pytest.mark.usefixtures("world")
def test_create_and_update_give_the_same_configuration(invoke: Any, handler: Any) -> None:
    """B011, B012."""
    for kind, physical_id in (("Create", None), ("Update", "churn-environment")):
        answer = invoke(handler, kind, PROPERTIES, physical_id)
        assert answer["PhysicalResourceId"] == "churn-environment"
        assert answer["Data"] == {
            "EnvironmentName": "sm-mlops",
            "EnvironmentType": "dev",
            "DomainId": "d-1",
            "DomainArn": "arn:d-1",
            "DomainName": "studio",
            "VpcId": "vpc-1",
            "SubnetIds": ["subnet-a", "subnet-b"],
            "SecurityGroups": ["sg-1"],
            "ExecutionRole": "arn:role",
            "KmsKeyId": "key",
            "DataBucketName": "data",
        }


def test_delete_asks_nothing(invoke: Any, handler: Any, clients: dict[str, Any]) -> None:
    assert clients == {}
    assert invoke(handler, "Delete", PROPERTIES, "churn-environment")["Status"] == "SUCCESS"


OTHER = {"EnvironmentName": "other", "EnvironmentType": "test"}


@pytest.mark.parametrize(
    ("given", "project_tags", "creator", "domains", "wanted"),
    [
        ({"EnvName": "own", "EnvType": "dev"}, OTHER, "d-1", ["d-1"], ("own", "dev")),
        ({}, OTHER, "d-1", ["d-1"], ("other", "test")),
        ({}, {}, "d-1", ["d-1", "d-2"], ("sm-mlops", "dev")),
        ({}, {}, None, ["d-1", "d-untagged"], ("sm-mlops", "dev")),
        ({"EnvName": "own"}, {}, None, ["d-1"], ("sm-mlops", "dev")),
    ],
)
def test_which_environment(
    load: Any,
    world: World,
    given: dict[str, str],
    project_tags: dict[str, str],
    creator: str | None,
    domains: list[str],
    wanted: tuple[str, str],
) -> None:
    """B026."""
    world.domains = domains
    world.tags |= {"arn:project": project_tags, "arn:d-2": OTHER}
    if creator:
        world.project["CreatedBy"] = {"DomainId": creator}
    assert load("get-environment-configuration").environment(world, PROPERTIES | given) == wanted


def test_an_environment_that_cannot_be_told_is_refused(invoke: Any, handler: Any, world: World) -> None:
    """B026."""
    world.domains = ["d-1", "d-2"]
    world.tags["arn:d-2"] = OTHER
    answer = invoke(handler, "Create", PROPERTIES)
    assert (answer["Status"], answer["Reason"]) == (
        "FAILED",
        (
            "project churn: cannot tell which environment it belongs to. Create it from Studio, give it the tags "
            "EnvironmentName and EnvironmentType, or set the parameters EnvName and EnvType"
        ),
    )


def test_a_missing_parameter_is_named(invoke: Any, handler: Any, world: World) -> None:
    """B026."""
    del world.parameters["sm-mlops-dev-data-bucket-name"]
    assert invoke(handler, "Create", PROPERTIES)["Reason"] == (
        "SSM parameter sm-mlops-dev-data-bucket-name: not found. "
        "Deploy env-main for this environment, or write the parameter by hand"
    )


def test_an_unexpected_exception_is_answered(invoke: Any, handler: Any, world: World) -> None:
    """B026, B029."""
    del world.project["ProjectArn"]
    assert invoke(handler, "Create", PROPERTIES)["Reason"] == "KeyError: 'ProjectArn'"
