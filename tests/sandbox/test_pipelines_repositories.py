"""A CodeCommit repository of a stack: its seed code, commits, and the pipeline that a commit starts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.conftest import REGION, Client
from tests.sandbox.pipeline_world import DEPLOY, DEV, TARGETS, Deliveries, action

TEMPLATE = """Resources:
  Repository:
    Type: AWS::CodeCommit::Repository
    Properties:
      RepositoryName: words
      Code: {S3: {Bucket: source, Key: code.zip}, BranchName: main}
Outputs:
  Arn: {Value: !GetAtt Repository.Arn}
"""
SOURCE = action("Source", "Source", "CodeCommit", {"RepositoryName": "words", "BranchName": "main"}, into=["Code"])


@pytest.fixture
def deliveries(client: Client) -> Deliveries:
    made = Deliveries(client)
    made.create_stack("repository", TEMPLATE)
    return made


def commit(deliveries: Deliveries, parent: str, **change: Any) -> str:
    made = deliveries.dev("codecommit").create_commit(
        repositoryName="words", branchName="main", parentCommitId=parent, commitMessage="accounts", **change
    )
    return str(made["commitId"])


def head(deliveries: Deliveries) -> str:
    found = deliveries.dev("codecommit").get_branch(repositoryName="words", branchName="main")
    return str(found["branch"]["commitId"])


def test_a_commit_starts_the_pipeline_with_what_it_changed(deliveries: Deliveries) -> None:
    first = deliveries.create({"name": "Deploy", "actions": [DEPLOY]}, source=SOURCE)
    assert deliveries.ended(first)["artifactRevisions"] == [
        {"name": "Source", "revisionId": head(deliveries), "revisionSummary": "Initial commit"}
    ]
    pattern = {"source": ["aws.codecommit"], "resources": [f"arn:aws:codecommit:{REGION}:{DEV}:words"],
               "detail": {"referenceType": ["branch"], "referenceName": ["main"]}}  # fmt: skip
    events = deliveries.dev("events")
    events.put_rule(Name="commits", EventPattern=json.dumps(pattern))
    target = f"arn:aws:codepipeline:{REGION}:{DEV}:delivery"
    role = f"arn:aws:iam::{DEV}:role/StartsPipelines"
    events.put_targets(Rule="commits", Targets=[{"Id": "one", "Arn": target, "RoleArn": role}])

    files = [{"filePath": "words.py", "fileContent": b'print(\'[{"ParameterKey":"Word","ParameterValue":"new"}]\')'}]
    made = commit(deliveries, head(deliveries), putFiles=files)
    found = deliveries.dev("codepipeline").list_pipeline_executions(pipelineName="delivery")
    ended = deliveries.ended(found["pipelineExecutionSummaries"][0]["pipelineExecutionId"])
    assert (ended["status"], ended["artifactRevisions"][0]["revisionId"]) == ("Succeeded", made)
    assert deliveries.words() == dict.fromkeys(TARGETS, "new")


def test_files_come_change_and_go(deliveries: Deliveries) -> None:
    codecommit = deliveries.dev("codecommit")
    put = codecommit.put_file(
        repositoryName="words",
        branchName="main",
        filePath="new.txt",
        fileContent=b"one",
        parentCommitId=head(deliveries),
    )
    assert put["commitId"] == head(deliveries)
    assert codecommit.get_file(repositoryName="words", filePath="new.txt")["fileContent"] == b"one"
    commit(deliveries, head(deliveries), deleteFiles=[{"filePath": "new.txt"}])
    with pytest.raises(ClientError, match=r"Could not find path new\.txt"):
        codecommit.get_file(repositoryName="words", filePath="new.txt")
    assert codecommit.get_file(repositoryName="words", filePath="words.py")["fileSize"] > 0


def test_a_commit_needs_the_newest_parent(deliveries: Deliveries) -> None:
    with pytest.raises(ClientError, match=f"The newest commit of main is {head(deliveries)}"):
        commit(deliveries, "0" * 40, deleteFiles=[{"filePath": "words.py"}])


def test_a_branch_that_is_not_there(deliveries: Deliveries) -> None:
    source = {**SOURCE, "configuration": {"RepositoryName": "words", "BranchName": "other"}}
    first = deliveries.create({"name": "Deploy", "actions": [DEPLOY]}, source=source)
    assert deliveries.ended(first)["status"] == "Failed"
    assert deliveries.actions(first) == [
        ("Source", "Failed", "No branch with the name other was found in words"),
    ]
