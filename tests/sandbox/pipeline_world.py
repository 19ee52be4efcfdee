"""A pipeline of CloudFormation in one account, with a role, a bucket, a build and a stack set to two others."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.sandbox.conftest import REGION, trust

Client = Callable[..., Any]

DEV, TARGETS = "111111111111", ("222222222222", "333333333333")
ENDED = ("Succeeded", "Failed", "Stopped", "Superseded")
PATIENCE = 30
ROLE = f"arn:aws:iam::{DEV}:role/Delivers"
ADMINISTRATION = f"arn:aws:iam::{DEV}:role/Administers"
STACK = """Parameters: {Word: {Type: String}}
Resources: {P: {Type: AWS::SSM::Parameter, Properties: {Name: word, Type: String, Value: !Ref Word}}}
"""
BUILDSPEC = """version: 0.2
env:
  exported-variables: [GO, WORD]
phases:
  install:
    commands: [pip install boto3]
  build:
    commands:
      - python words.py "$GIVEN" > parameters.json
      - export GO="$SHALL_GO" WORD="$GIVEN"
artifacts:
  files: [stack.yaml, parameters.json, accounts.json]
"""
WORDS = 'import json, sys\nprint(json.dumps([{"ParameterKey": "Word", "ParameterValue": sys.argv[1]}]))\n'
FILES = {
    "buildspec.yml": BUILDSPEC,
    "words.py": WORDS,
    "stack.yaml": STACK,
    "accounts.json": json.dumps(TARGETS),
}


def zipped(files: Mapping[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def action(name: str, category: str, provider: str, configuration: Mapping[str, str], **more: Any) -> dict[str, Any]:
    """An action of the API; `into` and `out_of` are artifacts."""
    kind = {"category": category, "owner": "AWS", "provider": provider, "version": "1"}
    artifacts = {
        "inputArtifacts": [{"name": one} for one in more.pop("out_of", ())],
        "outputArtifacts": [{"name": one} for one in more.pop("into", ())],
    }
    return {"name": name, "actionTypeId": kind, "configuration": dict(configuration), **artifacts, **more}


SOURCE = action("Source", "Source", "S3", {"S3Bucket": "source", "S3ObjectKey": "code.zip"}, into=["Code"])
BUILD = action(
    "Build",
    "Build",
    "CodeBuild",
    {
        "ProjectName": "builds",
        "EnvironmentVariables": '[{"name":"GIVEN","value":"#{variables.Word}"},'
        '{"name":"SHALL_GO","value":"#{variables.Go}"}]',
    },
    out_of=["Code"],
    into=["Built"],
    namespace="Built",
)
DEPLOY = action(
    "Deploy",
    "Deploy",
    "CloudFormationStackSet",
    {
        "StackSetName": "words",
        "TemplatePath": "Built::stack.yaml",
        "Parameters": "Built::parameters.json",
        "DeploymentTargets": "Built::accounts.json",
        "Regions": REGION,
        "PermissionModel": "SELF_MANAGED",
        "AdministrationRoleArn": ADMINISTRATION,
        "ExecutionRoleName": "Executes",
        "FailureTolerancePercentage": "0",
        "MaxConcurrentPercentage": "100",
    },
    out_of=["Built"],
)
IF_GO = {
    "conditions": [
        {
            "result": "SKIP",
            "rules": [
                {
                    "name": "Goes",
                    "ruleTypeId": {"category": "Rule", "owner": "AWS", "provider": "VariableCheck", "version": "1"},
                    "configuration": {"Variable": "#{Built.GO}", "Operator": "EQ", "Value": "YES"},
                }
            ],
        }
    ]
}


def approval(topic: str) -> dict[str, Any]:
    text = {"NotificationArn": topic, "CustomData": "#{Built.WORD} waits"}
    return action("Approve", "Approval", "Manual", text, runOrder=2)


@dataclass
class Deliveries:
    """The accounts with their roles; `rights` are what the pipeline's and the build's role may call."""

    client: Client
    rights: tuple[str, ...] = ("*",)
    topic: str = field(init=False)

    def __post_init__(self) -> None:
        self._role(DEV, "Delivers", trust(service="codepipeline.amazonaws.com"), self.rights)
        self._role(DEV, "BuildsThings", trust(service="codebuild.amazonaws.com"), self.rights)
        self._role(DEV, "StartsPipelines", trust(service="events.amazonaws.com"), ("codepipeline:*",))
        self._role(DEV, "Administers", trust(service="cloudformation.amazonaws.com"), ("sts:AssumeRole",))
        for account in TARGETS:
            self._role(account, "Executes", trust(ADMINISTRATION), ("*",))
        for bucket in ("source", "artifacts"):
            self.dev("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.put_source(FILES)
        self.topic = self.dev("sns").create_topic(Name="approvals")["TopicArn"]
        self.create_project("builds")

    def dev(self, service: str) -> Any:
        return self.client(service, DEV)

    def _role(self, account: str, name: str, trusts: str, actions: tuple[str, ...]) -> None:
        iam = self.client("iam", account)
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusts)
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document)

    def put_source(self, files: Mapping[str, str]) -> None:
        self.dev("s3").put_object(Bucket="source", Key="code.zip", Body=zipped(files))

    def create_project(self, name: str, kind: str = "CODEPIPELINE", **source: Any) -> None:
        """By a stack, since moto's own CreateProject asks for locations that CODEPIPELINE has not."""
        properties = {
            "Name": name,
            "Source": {"Type": kind, **source},
            "Artifacts": {"Type": "CODEPIPELINE" if kind == "CODEPIPELINE" else "NO_ARTIFACTS"},
            "Environment": {"Type": "LINUX_CONTAINER", "Image": "any", "ComputeType": "BUILD_GENERAL1_SMALL"},
            "ServiceRole": f"arn:aws:iam::{DEV}:role/BuildsThings",
        }
        resource = {"Type": "AWS::CodeBuild::Project", "Properties": properties}
        self.create_stack(f"project-{name}", json.dumps({"Resources": {"Project": resource}}))

    def create_stack(self, name: str, template: str) -> None:
        cloudformation = self.dev("cloudformation")
        cloudformation.create_stack(StackName=name, TemplateBody=template)
        found = self.until(
            lambda: cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"],
            lambda status: status != "CREATE_IN_PROGRESS",
        )
        assert found == "CREATE_COMPLETE", cloudformation.describe_stack_events(StackName=name)["StackEvents"]

    def create(self, *stages: dict[str, Any], mode: str = "QUEUED", source: Mapping[str, Any] = SOURCE) -> str:
        """A pipeline of Source and Build before `stages`; the id of its first execution, with Word `first`."""
        first = ({"name": "Source", "actions": [source]}, {"name": "Build", "actions": [BUILD]})
        pipeline = {
            "name": "delivery",
            "roleArn": ROLE,
            "artifactStore": {"type": "S3", "location": "artifacts"},
            "stages": [*first, *stages],
            "pipelineType": "V2",
            "executionMode": mode,
            "variables": [{"name": "Word", "defaultValue": "first"}, {"name": "Go", "defaultValue": "YES"}],
        }
        self.dev("codepipeline").create_pipeline(pipeline=pipeline)
        found = self.dev("codepipeline").list_pipeline_executions(pipelineName="delivery")["pipelineExecutionSummaries"]
        return str(found[0]["pipelineExecutionId"])

    def start(self, **variables: str) -> str:
        given = [{"name": name, "value": value} for name, value in variables.items()]
        started = self.dev("codepipeline").start_pipeline_execution(name="delivery", variables=given)
        return str(started["pipelineExecutionId"])

    def execution(self, execution: str) -> dict[str, Any]:
        found = self.dev("codepipeline").get_pipeline_execution(pipelineName="delivery", pipelineExecutionId=execution)
        return dict(found["pipelineExecution"])

    def ended(self, execution: str) -> dict[str, Any]:
        """The execution when it has ended."""
        return self.until(lambda: self.execution(execution), lambda found: found["status"] in ENDED)

    def until(self, read: Callable[[], Any], enough: Callable[[Any], bool]) -> Any:
        end = time.monotonic() + PATIENCE
        while not enough(found := read()):
            assert time.monotonic() < end, found
            time.sleep(0.05)
        return found

    def states(self) -> dict[str, dict[str, Any]]:
        """Stage -> its state."""
        found = self.dev("codepipeline").get_pipeline_state(name="delivery")
        return {stage["stageName"]: stage for stage in found["stageStates"]}

    def waiting(self, stage: str) -> dict[str, Any]:
        """The latest execution of the approval, when it waits."""

        def read() -> dict[str, Any]:
            states = {row["actionName"]: row for row in self.states()[stage]["actionStates"]}
            return dict(states["Approve"].get("latestExecution", {}))

        return dict(self.until(read, lambda found: "token" in found))

    def decide(self, stage: str, status: str, summary: str) -> None:
        self.dev("codepipeline").put_approval_result(
            pipelineName="delivery",
            stageName=stage,
            actionName="Approve",
            result={"status": status, "summary": summary},
            token=self.waiting(stage)["token"],
        )

    def actions(self, execution: str) -> list[tuple[str, str, str]]:
        """(action, status, message of its error), as they ran."""
        found = self.dev("codepipeline").list_action_executions(
            pipelineName="delivery", filter={"pipelineExecutionId": execution}
        )["actionExecutionDetails"]
        rows = [(row["actionName"], row["status"], row["output"]["executionResult"]) for row in reversed(found)]
        return [(name, status, result.get("errorDetails", {}).get("message", "")) for name, status, result in rows]

    def words(self) -> dict[str, str]:
        """Account -> what the stack set put there."""
        found = {}
        for account in TARGETS:
            parameters = self.client("ssm", account).get_parameters(Names=["word"])["Parameters"]
            if parameters:
                found[account] = parameters[0]["Value"]
        return found
