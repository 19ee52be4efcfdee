"""Pipelines that run: builds, stack sets in two accounts, approvals, conditions, modes, and what fails."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.conftest import REGION, Client
from tests.sandbox.pipeline_world import DEPLOY, DEV, FILES, IF_GO, TARGETS, Deliveries, action, approval


@pytest.fixture
def deliveries(client: Client) -> Deliveries:
    return Deliveries(client)


def staging(deliveries: Deliveries) -> dict[str, Any]:
    return {"name": "Staging", "actions": [DEPLOY, approval(deliveries.topic)], "beforeEntry": IF_GO}


def messages(deliveries: Deliveries) -> list[dict[str, Any]]:
    """What a queue that subscribes to the topic has got."""
    url = deliveries.dev("sqs").get_queue_url(QueueName="heard")["QueueUrl"]
    got = deliveries.dev("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(json.loads(message["Body"])["Message"]) for message in got]


def subscribed(deliveries: Deliveries) -> None:
    deliveries.dev("sqs").create_queue(QueueName="heard")
    arn = f"arn:aws:sqs:{REGION}:{DEV}:heard"
    deliveries.dev("sns").subscribe(TopicArn=deliveries.topic, Protocol="sqs", Endpoint=arn)


def test_a_new_pipeline_builds_deploys_to_two_accounts_and_waits_for_approval(deliveries: Deliveries) -> None:
    subscribed(deliveries)
    first = deliveries.create(staging(deliveries))
    token = deliveries.waiting("Staging")["token"]
    assert deliveries.words() == dict.fromkeys(TARGETS, "first")
    assert [message["approval"] | {"expires": ""} for message in messages(deliveries)] == [
        {
            "pipelineName": "delivery",
            "stageName": "Staging",
            "actionName": "Approve",
            "token": token,
            "expires": "",
            "customData": "first waits",
            "externalEntityLink": None,
        }
    ]
    deliveries.decide("Staging", "Approved", "looks good")
    ended = deliveries.ended(first)
    assert (ended["status"], ended["trigger"]["triggerType"]) == ("Succeeded", "CreatePipeline")
    assert ended["variables"] == [{"name": "Word", "resolvedValue": "first"}, {"name": "Go", "resolvedValue": "YES"}]
    assert deliveries.actions(first) == [
        ("Source", "Succeeded", ""),
        ("Build", "Succeeded", ""),
        ("Deploy", "Succeeded", ""),
        ("Approve", "Succeeded", ""),
    ]
    latest = deliveries.states()["Staging"]["actionStates"][1]["latestExecution"]
    assert latest["lastUpdatedBy"] == f"arn:aws:iam::{DEV}:root"
    assert latest["summary"] == f"Approved by arn:aws:iam::{DEV}:root: looks good"


def test_variables_of_a_start_go_through_the_build_to_the_stacks(deliveries: Deliveries) -> None:
    deliveries.create({"name": "Deploy", "actions": [DEPLOY]})
    second = deliveries.start(Word="second")
    assert deliveries.ended(second)["status"] == "Succeeded"
    assert deliveries.words() == dict.fromkeys(TARGETS, "second")
    executions = deliveries.dev("codepipeline").list_pipeline_executions(pipelineName="delivery")
    assert [row["status"] for row in executions["pipelineExecutionSummaries"]] == ["Succeeded", "Succeeded"]


def test_an_account_that_is_named_later_gets_its_stack(deliveries: Deliveries) -> None:
    deliveries.put_source({**FILES, "accounts.json": json.dumps(TARGETS[:1])})
    deliveries.ended(deliveries.create({"name": "Deploy", "actions": [DEPLOY]}))
    assert deliveries.words() == {TARGETS[0]: "first"}
    deliveries.put_source(FILES)
    assert deliveries.ended(deliveries.start(Word="both"))["status"] == "Succeeded"
    assert deliveries.words() == dict.fromkeys(TARGETS, "both")


def test_a_wave_updates_the_accounts_that_it_names_and_the_next_action_the_others(deliveries: Deliveries) -> None:
    instances = {key: DEPLOY["configuration"][key] for key in ("StackSetName", "DeploymentTargets", "Regions")}
    others = action("Others", "Deploy", "CloudFormationStackInstances", instances, out_of=["Built"], runOrder=3)
    wave = {**DEPLOY, "configuration": {**DEPLOY["configuration"], "DeploymentTargets": f"Accounts={TARGETS[0]}"}}
    stage = {"name": "Staging", "actions": [wave, approval(deliveries.topic), others]}
    first = deliveries.create(stage)
    deliveries.decide("Staging", "Approved", "")
    assert deliveries.ended(first)["status"] == "Succeeded"
    assert deliveries.words() == dict.fromkeys(TARGETS, "first")

    second = deliveries.start(Word="second")
    deliveries.until(lambda: deliveries.actions(second), lambda ran: ("Deploy", "Succeeded", "") in ran)
    deliveries.waiting("Staging")
    assert deliveries.words() == dict(zip(TARGETS, ("second", "first"), strict=True))
    deliveries.decide("Staging", "Approved", "")
    assert deliveries.ended(second)["status"] == "Succeeded"
    assert deliveries.words() == dict.fromkeys(TARGETS, "second")


def test_a_condition_that_does_not_hold_skips_its_stage(deliveries: Deliveries) -> None:
    deliveries.create({"name": "Deploy", "actions": [DEPLOY], "beforeEntry": IF_GO})
    skipped = deliveries.start(Go="NO")
    assert deliveries.ended(skipped)["status"] == "Succeeded"
    stage = deliveries.states()["Deploy"]
    assert stage["latestExecution"] == {"pipelineExecutionId": skipped, "status": "Skipped", "type": "STANDARD"}
    assert stage["beforeEntryConditionState"]["latestExecution"]["summary"] == (
        "Rule Goes: #{Built.GO} is 'NO', which is not EQ 'YES'"
    )
    assert [name for name, _, _ in deliveries.actions(skipped)] == ["Source", "Build"]


def test_a_failing_command_is_named_and_its_log_is_kept(deliveries: Deliveries) -> None:
    deliveries.put_source({**FILES, "words.py": "import sys\nsys.exit('no words')\n"})
    first = deliveries.create({"name": "Deploy", "actions": [DEPLOY]})
    ended = deliveries.ended(first)
    command = 'python words.py "$GIVEN" > parameters.json'
    assert (ended["status"], deliveries.actions(first)[1:]) == (
        "Failed",
        [
            (
                "Build",
                "Failed",
                (
                    "Build terminated with state: FAILED. Phase: BUILD, Code: COMMAND_EXECUTION_ERROR, Message: "
                    f"Error while executing command: {command}. Reason: exit status 1"
                ),
            )
        ],
    )
    logs = deliveries.dev("logs")
    stream = logs.describe_log_streams(logGroupName="/aws/codebuild/builds")["logStreams"][0]["logStreamName"]
    lines = [row["message"] for row in logs.get_log_events(
        logGroupName="/aws/codebuild/builds", logStreamName=stream)["events"]]  # fmt: skip
    assert f"[Container] Running command {command}" in lines
    assert "no words" in lines


def test_a_stage_that_failed_is_retried_from_its_failed_actions(deliveries: Deliveries) -> None:
    deliveries.put_source({**FILES, "accounts.json": json.dumps(["444444444444"])})
    first = deliveries.create({"name": "Deploy", "actions": [DEPLOY]})
    assert deliveries.ended(first)["status"] == "Failed"
    [*_, (_, _, reason)] = deliveries.actions(first)
    assert re.sub(r"operation \S+", "operation X", reason) == (
        "StackSet operation X ended with status FAILED; 444444444444 eu-west-1: Account 444444444444 should have "
        "'Executes' role with trust relationship to Role 'Administers'."
    )
    iam = deliveries.client("iam", "444444444444")
    iam.create_role(RoleName="Executes", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{DEV}:role/Administers"}}
    ]}))  # fmt: skip
    deliveries.dev("codepipeline").retry_stage_execution(
        pipelineName="delivery", stageName="Deploy", pipelineExecutionId=first, retryMode="FAILED_ACTIONS"
    )
    assert deliveries.ended(first)["status"] == "Succeeded"
    assert [name for name, _, _ in deliveries.actions(first)] == ["Source", "Build", "Deploy", "Deploy"]


def test_a_rejection_fails_the_execution_and_says_who_and_why(deliveries: Deliveries) -> None:
    first = deliveries.create(staging(deliveries))
    deliveries.decide("Staging", "Rejected", "too slow")
    assert deliveries.ended(first)["status"] == "Failed"
    assert deliveries.actions(first)[-1] == ("Approve", "Failed", f"Rejected by arn:aws:iam::{DEV}:root: too slow")


def test_a_token_that_no_action_has_is_refused(deliveries: Deliveries) -> None:
    deliveries.create(staging(deliveries))
    deliveries.waiting("Staging")
    with pytest.raises(ClientError, match="No action waits for the token 00000000-0000-0000-0000-000000000000"):
        deliveries.dev("codepipeline").put_approval_result(
            pipelineName="delivery", stageName="Staging", actionName="Approve",
            result={"status": "Approved", "summary": ""}, token="00000000-0000-0000-0000-000000000000",
        )  # fmt: skip


def test_queued_executions_go_one_after_the_other(deliveries: Deliveries) -> None:
    first = deliveries.create(staging(deliveries))
    second = deliveries.start(Word="second")
    deliveries.waiting("Staging")
    assert (deliveries.execution(second)["status"], deliveries.actions(second)) == ("InProgress", [])
    deliveries.decide("Staging", "Approved", "")
    assert deliveries.ended(first)["status"] == "Succeeded"
    deliveries.decide("Staging", "Approved", "")
    assert deliveries.ended(second)["status"] == "Succeeded"
    assert deliveries.words() == dict.fromkeys(TARGETS, "second")


def test_of_those_that_wait_for_a_stage_the_newest_goes_on(deliveries: Deliveries) -> None:
    first = deliveries.create(staging(deliveries), mode="SUPERSEDED")
    deliveries.waiting("Staging")
    second, third = deliveries.start(Word="second"), deliveries.start(Word="third")
    assert deliveries.ended(second)["status"] == "Superseded"
    deliveries.decide("Staging", "Approved", "")
    assert deliveries.ended(first)["status"] == "Succeeded"
    deliveries.decide("Staging", "Approved", "")
    assert deliveries.ended(third)["status"] == "Succeeded"


def test_stopping_ends_an_approval(deliveries: Deliveries) -> None:
    first = deliveries.create(staging(deliveries))
    deliveries.waiting("Staging")
    deliveries.dev("codepipeline").stop_pipeline_execution(
        pipelineName="delivery", pipelineExecutionId=first, abandon=True, reason="enough"
    )
    ended = deliveries.ended(first)
    assert (ended["status"], ended["statusSummary"]) == ("Stopped", "enough")
    assert deliveries.actions(first)[-1][1] == "Abandoned"


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        (
            action("Ask", "Invoke", "Lambda", {"FunctionName": "f"}),
            "not emulated: action Invoke of AWS Lambda",
        ),
        (
            action("Look", "Build", "CodeBuild", {"ProjectName": "#{Nothing.Here}"}, out_of=["Code"]),
            "The variable #{Nothing.Here} is not available: no action that has run gives it",
        ),
        (
            action("Miss", "Build", "CodeBuild", {"ProjectName": "gone"}, out_of=["Code"]),
            f"Project cannot be found: arn:aws:codebuild:{REGION}:{DEV}:project/gone",
        ),
        (
            {**DEPLOY, "configuration": {**DEPLOY["configuration"], "TemplatePath": "Built::none.yaml"}},
            "File [none.yaml] does not exist in artifact [Built]",
        ),
    ],
)
def test_what_cannot_be_done_is_said(deliveries: Deliveries, wanted: dict[str, Any], problem: str) -> None:
    first = deliveries.create({"name": "Then", "actions": [wanted]})
    assert deliveries.ended(first)["status"] == "Failed"
    assert deliveries.actions(first)[-1] == (wanted["name"], "Failed", problem)


def test_a_connection_is_refused_as_source(deliveries: Deliveries) -> None:
    source = action(
        "Host", "Source", "CodeStarSourceConnection", {"FullRepositoryId": "me/it", "BranchName": "main"}, into=["X"]
    )
    first = deliveries.create({"name": "Then", "actions": [source]})
    assert deliveries.ended(first)["status"] == "Failed"
    assert deliveries.actions(first)[-1][2] == (
        "not emulated: source CodeStarSourceConnection (me/it): give the repository as S3 or CodeCommit"
    )


def test_the_pipelines_role_needs_each_right(client: Client) -> None:
    deliveries = Deliveries(client, rights=("s3:*", "codebuild:StartBuild", "codebuild:BatchGetBuilds", "logs:*"))
    first = deliveries.create({"name": "Deploy", "actions": [DEPLOY]})
    assert deliveries.ended(first)["status"] == "Failed"
    assert deliveries.actions(first)[-1] == (
        "Deploy",
        "Failed",
        (
            f"User: arn:aws:sts::{DEV}:assumed-role/Delivers/{first} is not authorized to perform: "
            "cloudformation:DescribeStackSet because no identity-based policy allows the "
            "cloudformation:DescribeStackSet action (Operation: DescribeStackSet; Error Code: AccessDenied)"
        ),
    )


def test_a_variable_that_is_not_declared_is_refused(deliveries: Deliveries) -> None:
    deliveries.create({"name": "Deploy", "actions": [DEPLOY]})
    with pytest.raises(ClientError, match="Variable Other is not declared in the pipeline"):
        deliveries.start(Other="x")


def failing(result: str, **more: Any) -> dict[str, Any]:
    broken = action("Look", "Build", "CodeBuild", {"ProjectName": "gone"}, out_of=["Code"], runOrder=2)
    return {"name": "Then", "actions": [DEPLOY, broken], "onFailure": {"result": result, **more}}


@pytest.mark.parametrize(
    ("stage", "status", "ran", "state"),
    [
        (failing("FAIL"), "Failed", ["Deploy", "Look"], "Failed"),
        (failing("SKIP"), "Succeeded", ["Deploy", "Look"], "Skipped"),
        (failing("RETRY"), "Failed", ["Deploy", "Look", "Deploy", "Look"], "Failed"),
        (failing("RETRY", retryConfiguration={"retryMode": "FAILED_ACTIONS"}), "Failed", ["Deploy", "Look", "Look"],
         "Failed"),
    ],
)  # fmt: skip
def test_what_a_stage_does_when_it_fails(
    deliveries: Deliveries, stage: dict[str, Any], status: str, ran: list[str], state: str
) -> None:
    first = deliveries.create(stage)
    assert deliveries.ended(first)["status"] == status
    assert [name for name, _, _ in deliveries.actions(first)[2:]] == ran
    assert deliveries.states()["Then"]["latestExecution"]["status"] == state


def test_a_stage_cannot_be_rolled_back(deliveries: Deliveries) -> None:
    ended = deliveries.ended(deliveries.create(failing("ROLLBACK")))
    assert (ended["status"], ended["statusSummary"]) == (
        "Failed",
        "not emulated: onFailure with result ROLLBACK; the stage has failed",
    )


def test_parallel_executions_do_not_wait(deliveries: Deliveries) -> None:
    deliveries.create(staging(deliveries), mode="PARALLEL")
    second = deliveries.start(Word="second")
    deliveries.until(lambda: len(deliveries.actions(second)), lambda number: number == 4)
    assert deliveries.execution(second)["status"] == "InProgress"


def test_a_pipeline_that_comes_again_does_not_wait_for_what_it_was(deliveries: Deliveries) -> None:
    deliveries.create(staging(deliveries))
    deliveries.waiting("Staging")
    deliveries.dev("codepipeline").delete_pipeline(name="delivery")
    again = deliveries.create({"name": "Deploy", "actions": [DEPLOY]})
    assert deliveries.ended(again)["status"] == "Succeeded"
    found = deliveries.dev("codepipeline").list_pipeline_executions(pipelineName="delivery")
    assert [row["pipelineExecutionId"] for row in found["pipelineExecutionSummaries"]] == [again]
