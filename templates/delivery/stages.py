"""Makers of the delivery's pipeline: where the source is, the stages, approvals, artifacts, and who may approve."""

from __future__ import annotations

from typing import Any

from awacs.aws import Principal, Statement
from troposphere import FindInMap, If, Ref, Sub, codebuild, codepipeline, events, iam, kms

from generator.cfn.arns import arn, root_arn
from generator.cfn.contract import Cond, Param
from generator.cfn.iam import USE_KEY, allow, deny, key_administration, policy, trust, trust_plain
from generator.cfn.lint import lint_exception
from templates.access.actions import of
from templates.access.exceptions import ROLE
from templates.delivery.builds import NAME, may_use_artifacts
from templates.parameters import environment_tags

# After a week nobody wanted it any more; the next commit asks again
APPROVAL_MINUTES = 7 * 24 * 60


def artifact_key() -> kms.Key:
    """Whoever in this account may use the artifacts may decrypt them there."""
    through = {"StringEquals": {"kms:ViaService": Sub("s3.${AWS::Region}.${AWS::URLSuffix}")}}
    account = Principal("AWS", root_arn())
    return kms.Key(
        "ArtifactKey",
        DeletionPolicy="RetainExceptOnCreate",
        UpdateReplacePolicy="Retain",
        Description=Sub("Artifacts of the delivery of ${EnvName}-${EnvType}"),
        EnableKeyRotation=True,
        KeyPolicy=policy(
            key_administration(),
            allow("AccountUsesThroughS3", USE_KEY, "*", principal=account, when=through),
        ),
        Tags=environment_tags(),
    )


def source(providers: dict[str, tuple[Cond | None, dict[str, Any]]]) -> If | codepipeline.Actions:
    """The source action for the first provider whose condition holds; the last one has none."""
    (provider, (when, configuration)), *others = providers.items()
    action = codepipeline.Actions(
        Name="Source",
        ActionTypeId=codepipeline.ActionTypeId(Category="Source", Owner="AWS", Provider=provider, Version="1"),
        Configuration=configuration,
        OutputArtifacts=[codepipeline.OutputArtifacts(Name="Source")],
    )
    return action if when is None else when.then(action, source(dict(others)))


def build(name: str, project: codebuild.Project, *, reviewed: str = "", gives: str = "") -> codepipeline.Actions:
    """Run a step on the source, beside it the artifact with the build and the plans that were reviewed."""
    inputs = [codepipeline.InputArtifacts(Name=one) for one in ("Source", reviewed) if one]
    primary = {"PrimarySource": "Source"} if reviewed else {}
    given: dict[str, Any] = {"OutputArtifacts": [codepipeline.OutputArtifacts(Name=gives)]} if gives else {}
    return codepipeline.Actions(
        Name=name,
        Namespace=name,
        ActionTypeId=codepipeline.ActionTypeId(Category="Build", Owner="AWS", Provider="CodeBuild", Version="1"),
        Configuration={"ProjectName": Ref(project), **primary},
        InputArtifacts=inputs,
        **given,
    )


def approval(name: str, of_step: str, topic: Any, what: str) -> codepipeline.Actions:
    """Waits for a person, who is shown the summary of the plan, with a link to the log that has the whole of it."""
    text = f"#{{{of_step}.SUMMARY}}: {what} The whole plan is in the log of the step {of_step}, and in its artifact."
    console = FindInMap("Partition", Ref("AWS::Partition"), "console")
    builds = f"{NAME}-{of_step.lower()}/history?region=${{AWS::Region}}"
    return codepipeline.Actions(
        Name=name,
        ActionTypeId=codepipeline.ActionTypeId(Category="Approval", Owner="AWS", Provider="Manual", Version="1"),
        Configuration={
            "CustomData": text,
            "NotificationArn": topic,
            "ExternalEntityLink": Sub(f"https://${{Console}}/codesuite/codebuild/projects/{builds}", Console=console),
        },
        TimeoutInMinutes=APPROVAL_MINUTES,
        RunOrder=2,
    )


def pipeline_role(bucket: str, key: Any, boundary: Any, projects: list[Any], fetches: list[Any]) -> iam.Role:
    """Fetch the source, move artifacts, run the steps, tell who may approve."""
    run = allow("RunSteps", of("codebuild", "BatchGetBuilds", "StartBuild", "StopBuild"), projects)
    tell = allow("TellApprovers", of("sns", "Publish"), arn("sns", f"{NAME}-approval"))
    find = allow("FindArtifacts", of("s3", "GetBucketLocation", "GetBucketVersioning"), arn_of(bucket))
    return iam.Role(
        "PipelineRole",
        # CodePipeline is not documented to send a source account when it assumes a pipeline's role.
        AssumeRolePolicyDocument=trust_plain("codepipeline"),
        PermissionsBoundary=boundary,
        Policies=[
            iam.Policy(PolicyName="Pipeline", PolicyDocument=policy(run, tell, find, *may_use_artifacts(bucket, key))),
            *fetches,
        ],
        Tags=environment_tags(),
        Metadata=ROLE | lint_exception("the connection is empty only where another provider is chosen", "W1031"),
    )


def arn_of(bucket: str) -> Sub:
    return arn("s3", bucket, region="", account="")


def commit_rule(repository: Param, branch: Param, role: Any, pipeline: Any) -> events.Rule:
    """Starts the pipeline when the branch of the CodeCommit repository changes."""
    return events.Rule(
        "CommitRule",
        Name=Sub(f"{NAME}-commit"),
        Description="Starts the delivery when its branch changes",
        EventPattern={
            "source": ["aws.codecommit"],
            "detail-type": ["CodeCommit Repository State Change"],
            "resources": [arn("codecommit", f"${{{repository.name}}}")],
            "detail": {"referenceType": ["branch"], "referenceName": [branch]},
        },
        State="ENABLED",
        Targets=[events.Target(Id="pipeline", Arn=pipeline, RoleArn=role)],
    )


def commit_role(boundary: Any, pipeline: Any) -> iam.Role:
    start = allow("StartDelivery", of("codepipeline", "StartPipelineExecution"), pipeline)
    return iam.Role(
        "CommitRole",
        AssumeRolePolicyDocument=events_trust(),
        PermissionsBoundary=boundary,
        Policies=[iam.Policy(PolicyName="Start", PolicyDocument=policy(start))],
        Tags=environment_tags(),
        Metadata=ROLE,
    )


def events_trust() -> Any:
    return trust("events", source_arn=arn("events", f"rule/{NAME}-commit"))


def may_approve(pipeline: Any) -> list[Statement]:
    """See the delivery and answer its approvals; neither start nor stop it."""
    see = of("codepipeline", "GetPipeline", "GetPipelineExecution", "GetPipelineState", "ListActionExecutions")
    see += of("codepipeline", "ListPipelineExecutions")
    answers = arn("codepipeline", f"{NAME}/*/*")
    logs = of("logs", "GetLogEvents", "FilterLogEvents")
    return [
        allow("SeeDelivery", see, pipeline),
        allow("AnswerApprovals", of("codepipeline", "PutApprovalResult"), answers),
        allow("SeeLogs", logs, arn("logs", f"log-group:/aws/codebuild/{NAME}-*")),
        deny("StartsNoDelivery", of("codepipeline", "StartPipelineExecution", "UpdatePipeline")),
    ]


def approver_role(trust: Any, boundary: Any, pipeline: Any) -> iam.Role:
    """People who let a delivery go on."""
    return iam.Role(
        "ApproverRole",
        AssumeRolePolicyDocument=trust,
        PermissionsBoundary=boundary,
        Policies=[iam.Policy(PolicyName="Approve", PolicyDocument=policy(*may_approve(pipeline)))],
        Tags=environment_tags(),
        Metadata=ROLE,
    )
