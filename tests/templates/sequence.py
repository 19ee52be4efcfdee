"""The picture in docs/model-lifecycle.md, drawn from the pipelines that the templates make: `make golden`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from generator.cfn.stack import Stack
from templates.project.model_build_train import ProjectModelBuildTrain
from templates.project.model_deploy import ProjectModelDeploy
from tests.templates.roles import Rendered

PAGE = Path(__file__).parents[2] / "docs" / "model-lifecycle.md"
PICTURE = re.compile(r"```mermaid\n.*?```\n", re.DOTALL)
PEOPLE = """\
sequenceDiagram
    autonumber
    actor DS as Data scientist
    actor AD as Team administrator
    participant BT as Build-train pipeline (dev)
    participant MR as Model registry (dev)
    participant DP as Deploy pipeline (dev)
    participant ST as Staging accounts
    participant PR as Production accounts
"""
# Pipeline -> action -> what is drawn for it. An action that is not here cannot be drawn: a KeyError, not a gap.
TRAINING = {
    "ModelBuildSource": ["DS->>BT: push to main"],
    "BuildAndExecuteSageMakerPipeline": [
        "BT->>BT: build: start the SageMaker pipeline, and end",
        "BT-->>DS: SNS: training has failed, or was stopped",
        "BT->>MR: package, PendingManualApproval (only if the error is small enough)",
        "AD->>MR: approve",
    ],
}
DELIVERY = {
    "ModelDeploySource": ["MR->>DP: event Approved, with the package's ARN"],
    "BuildEndpointDeploymentTemplate": ["DP->>DP: build: check package and settings, find the accounts"],
    "DeployStaging": [
        "DP->>ST: stack set: key, bucket, model, alarms, endpoint (blue/green)",
        "ST-->>DP: an alarm goes off: SageMaker rolls back, the run stops",
    ],
    "TestStaging": ["DP->>ST: test, 50 calls: which package is served, errors, latency, shape of the answers"],
    "ApproveStagingDeployment": ["DP->>AD: SNS: package, change ticket", "AD->>DP: approve"],
    "DeployProdFirst": ["DP->>PR: the same stack set in the first wave's accounts, canary of one instance"],
    "SmokeTestProdFirst": ["DP->>PR: smoke test, 5 calls: what fails here stops the run"],
    "DeployProd": ["DP->>PR: all accounts of the stage"],
    "SmokeTestProd": ["DP->>PR: the smoke test in all of them"],
    "CompareWithTraining": [
        "DP->>PR: read what endpoints captured, compare with the training data",
        "DP->>DP: metrics, alarm, message; RetrainingPipelineArn starts build-train",
    ],
}


def picture() -> str:
    """The sequence diagram, fenced."""
    training = [
        line for stage in _stages(ProjectModelBuildTrain, "ModelBuildPipeline") for line in _said(stage, TRAINING)
    ]
    delivery = _stages(ProjectModelDeploy, "ModelDeployPipeline")
    always = [line for stage in delivery if "BeforeEntry" not in stage for line in _said(stage, DELIVERY)]
    with_a_model = [line for stage in delivery if "BeforeEntry" in stage for line in _said(stage, DELIVERY)]
    monitor = _stages(ProjectModelDeploy, "ModelMonitorPipeline")[1:]
    lines = [
        *training,
        *always,
        "alt nothing is approved yet",
        "    DP->>DP: DEPLOY=NO, both stages are skipped, the run succeeds",
        "else",
        *(f"    {line}" for line in with_a_model),
        "end",
        "loop on DriftSchedule",
        *(f"    {line}" for stage in monitor for line in _said(stage, DELIVERY)),
        "end",
    ]
    return "\n".join(["```mermaid", PEOPLE, *(f"    {line}" for line in lines), "```", ""])


def _stages(stack: type[Stack], pipeline: str) -> list[Mapping[str, Any]]:
    return list(Rendered(stack).resources[pipeline]["Properties"]["Stages"])


def _said(stage: Mapping[str, Any], words: Mapping[str, list[str]]) -> Iterator[str]:
    for action in sorted(stage["Actions"], key=lambda action: action.get("RunOrder", 1)):
        yield from words[action["Name"]]


def main() -> None:
    PAGE.write_text(PICTURE.sub(lambda _: picture(), PAGE.read_text(), count=1))


if __name__ == "__main__":
    main()
