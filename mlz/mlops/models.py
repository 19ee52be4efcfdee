"""Versions of a project's model, and the run that brings one of them back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.errors import ToolError
from stacksets.client import translated

if TYPE_CHECKING:
    from stacksets.client import Api

APPROVED = "Approved"
# What to do where a project's deploy pipeline is asked for and there is none.
HINTS = {"PipelineNotFoundException": "PROJECT is <name>-<id> of a project of --kind deploy; see: mlz project list"}


@dataclass(frozen=True)
class Version:
    """A model package of a project's group; `made` is the day it was registered."""

    number: int
    arn: str
    status: str
    made: str


def pipeline(project: str) -> str:
    """The deploy pipeline of a project, which is `<name>-<id>` (templates/project/delivery.py)."""
    return f"sagemaker-{project}-modeldeploy"


def versions(sagemaker: Api, group: str) -> list[Version]:
    """Every version of the group, the newest first."""
    with translated(f"model package group {group}"):
        pages = sagemaker.get_paginator("list_model_packages").paginate(ModelPackageGroupName=group)
        found = [row for page in pages for row in page["ModelPackageSummaryList"]]
    made = [
        Version(
            row["ModelPackageVersion"],
            row["ModelPackageArn"],
            row["ModelApprovalStatus"],
            f"{row['CreationTime']:%Y-%m-%d}",
        )
        for row in found
    ]
    return sorted(made, key=lambda one: -one.number)


def chosen(found: list[Version], number: int, group: str) -> Version:
    """The version to go back to; ToolError unless it exists and is approved."""
    for one in found:
        if one.number == number and one.status == APPROVED:
            return one
        if one.number == number:
            raise ToolError(
                f"{group}: version {number} is {one.status}",
                "only approved versions are deployed; approve it first, or choose another",
            )
    there = ", ".join(str(one.number) for one in found) or "none"
    raise ToolError(f"{group}: has no version {number}", f"there are: {there}")


def start(codepipeline: Api, project: str, version: Version, ticket: str) -> str:
    """Start the deploy pipeline with this version; the id of the execution, which asks for approval as any other."""
    variables = [{"name": "ModelPackageArn", "value": version.arn}, {"name": "ChangeTicket", "value": ticket}]
    with translated(f"pipeline {pipeline(project)}", HINTS):
        answer = codepipeline.start_pipeline_execution(name=pipeline(project), variables=variables)
    return str(answer["pipelineExecutionId"])
