"""Converging by itself: account events and a schedule start a build that posts the plan, and applies it if allowed."""

from __future__ import annotations

from typing import Any

from awacs import codebuild as codebuild_actions
from awacs import events as event_actions
from awacs.aws import Principal
from troposphere import And, AWSHelperFn, Equals, GetAtt, Not, Ref, Sub, codebuild, events, iam, sns

from generator.cfn import arns
from generator.cfn.contract import Cond, Out, Param, switch
from generator.cfn.iam import allow, policy, policy_with_choices, trust
from generator.cfn.stack import Stack
from templates.access.boundary import ceiling
from templates.access.exceptions import BUILD, ROLE
from templates.core.package_cfn import SOURCE_ARCHIVE, log_group
from templates.core.reconciliation_role import reconciliation_boundary, reconciling_role
from templates.facts import codebuild_image, facts

WATCHED = (
    "AcceptHandshake",
    "CloseAccount",
    "CloseAccountResult",
    "CreateAccountResult",
    "MoveAccount",
    "RemoveAccountFromOrganization",
)
BUS = "${AWS::StackName}-organization"
MINUTES = 480
# Most that one SNS message takes is 256 KB; the rest of a plan is in the build's log.
POSTED_BYTES = 200_000


class CoreReconciliation(Stack):
    """Two ways to launch it: beside the environment (it reconciles), and in the organization's management account in
    the Region of its events (it passes them on to the first). Deleting both leaves nothing.
    """

    FILE = "core-reconciliation.yaml"
    DESCRIPTION = "Converges the target accounts on account events and on a schedule; posts every plan"

    BUCKET = Param("S3BucketName", "Bucket that holds the source archive and the settings")
    SETTINGS = Param("SettingsKey", "Key of the settings in that bucket", default="mlz.yaml")
    APPLIES = switch("AppliesChanges", "YES applies what the plan says; NO only posts it", default="NO")
    SCHEDULE = Param(
        "Schedule",
        "How often to look, apart from account events",
        default="rate(1 day)",
        pattern=r"^(rate|cron)\(.+\)$",
        constraint="an EventBridge schedule, such as rate(1 day)",
    )
    EMAIL = Param("NotificationEmail", "Who is told of plans and failures; empty: subscribe by other means", default="")
    MANAGEMENT = Param(
        "ManagementAccountId",
        "The organization's management account, which may send account events; empty: the schedule alone",
        default="",
        pattern=r"^(\d{12})?$",
        constraint="an account id, or empty",
    )
    FORWARDS_TO = Param(
        "ForwardsToEventBusArn",
        "In the management account only: output EventBusArn of the other stack; events are passed on to it",
        default="",
    )

    FORWARDS = Cond("Forwards", Not(Equals(FORWARDS_TO, "")))
    RECONCILES = Cond("Reconciles", Equals(FORWARDS_TO, ""))
    HAS_EMAIL = Cond("HasEmail", And(RECONCILES, Not(Equals(EMAIL, ""))))
    LISTENS = Cond("Listens", And(RECONCILES, Not(Equals(MANAGEMENT, ""))))

    BUS_ARN = Out("EventBusArn", "For ForwardsToEventBusArn in the management account", when=LISTENS)
    TOPIC_ARN = Out("TopicArn", "Where plans are posted", when=RECONCILES)
    PROJECT = Out("ProjectName", "Starts a run by hand: aws codebuild start-build --project-name", when=RECONCILES)

    def build(self) -> None:
        prefix = self.release.prefix
        topic = self.add(sns.Topic("Plans", KmsMasterKeyId="alias/aws/sns"), self.RECONCILES)
        self.add(
            sns.SubscriptionResource("Reader", TopicArn=Ref(topic), Protocol="email", Endpoint=self.EMAIL),
            self.HAS_EMAIL,
        )
        boundary = Ref(self.add(ceiling("Permissions boundary of the reconciliation", reconciliation_boundary())))
        role = self.add(reconciling_role(prefix, topic, boundary), self.RECONCILES)
        project = self.add(reconciling_project(prefix, role, topic, CoreReconciliation), self.RECONCILES)
        self.add(log_group("ReconciliationLogs", f"/aws/codebuild/${{{project.title}}}"), self.RECONCILES)
        starter = self.add(starting_role(project, boundary), self.RECONCILES)
        schedule = rule("Scheduled", project, starter, ScheduleExpression=self.SCHEDULE)
        self.add(schedule, self.RECONCILES)
        bus = self.add(organization_bus(self.MANAGEMENT), self.LISTENS)
        heard = rule("AccountChanged", project, starter, EventBusName=Ref(bus), EventPattern=pattern())
        self.add(heard, self.LISTENS)
        forwarder = self.add(forwarding_role(self.FORWARDS_TO, boundary), self.FORWARDS)
        self.add(forwarding(forwarder, self.FORWARDS_TO), self.FORWARDS)
        self.put(self.BUS_ARN, GetAtt(bus, "Arn"))
        self.put(self.TOPIC_ARN, Ref(topic))
        self.put(self.PROJECT, Ref(project))


def pattern() -> dict[str, Any]:
    """What AWS Organizations tells of accounts, by CloudTrail (Organizations User Guide, "Monitoring")."""
    return {"source": ["aws.organizations"], "detail": {"eventName": list(WATCHED)}}


def reconciling_project(
    prefix: str, role: iam.Role, topic: sns.Topic, of: type[CoreReconciliation]
) -> codebuild.Project:
    given: dict[str, Any] = {
        "BUCKET": of.BUCKET,
        "SETTINGS_KEY": of.SETTINGS,
        "APPLIES": of.APPLIES,
        "TOPIC": Ref(topic),
        "DEPLOYMENT_REGION": Ref("AWS::Region"),
    }
    return codebuild.Project(
        "Reconciliation",
        Description="Plans the target accounts, posts the plan, and applies it where that is allowed",
        ServiceRole=GetAtt(role, "Arn"),
        Artifacts=codebuild.Artifacts(Type="NO_ARTIFACTS"),
        Metadata=BUILD,
        Environment=codebuild.Environment(
            Type="LINUX_CONTAINER",
            ComputeType="BUILD_GENERAL1_SMALL",
            Image=codebuild_image(),
            EnvironmentVariables=[
                codebuild.EnvironmentVariable(Name=name, Value=value) for name, value in given.items()
            ],
        ),
        Source=codebuild.Source(
            Type="S3", Location=Sub(f"${{S3BucketName}}/{prefix}/{SOURCE_ARCHIVE}"), BuildSpec=buildspec()
        ),
        TimeoutInMinutes=MINUTES,
    )


def buildspec() -> str:
    """Exit 2 of `mlz plan` means changes; every failure is posted too, and fails the build."""
    return f"""version: 0.2
env:
  shell: bash
phases:
  install:
    runtime-versions:
      python: {facts()["codebuild"]["python"]}
  build:
    commands:
      - make setup
      - aws s3 cp "s3://$BUCKET/$SETTINGS_KEY" mlz.yaml
      - .venv/bin/mlz generate
      - |
        tell() {{ aws sns publish --topic-arn "$TOPIC" --subject "$1" --message "$(tail -c {POSTED_BYTES} "$2")"; }}
        code=0
        .venv/bin/mlz plan --fast --no-color --detailed-exitcode > plan.txt 2>&1 || code=$?
        cat plan.txt
        case "$code" in
          0) exit 0 ;;
          2) tell "mlz plan: changes" plan.txt ;;
          *) tell "mlz plan failed" plan.txt; exit "$code" ;;
        esac
        if [ "$APPLIES" = YES ]; then
          code=0
          .venv/bin/mlz deploy targets --yes --no-color > done.txt 2>&1 || code=$?
          cat done.txt
          [ "$code" = 0 ] && tell "mlz deploy targets: done" done.txt || tell "mlz deploy targets failed" done.txt
          exit "$code"
        fi
"""


def starting_role(project: codebuild.Project, boundary: AWSHelperFn) -> iam.Role:
    return iam.Role(
        "StarterRole",
        AssumeRolePolicyDocument=trust("events"),
        PermissionsBoundary=boundary,
        Policies=[
            iam.Policy(
                PolicyName="Start",
                PolicyDocument=policy(allow("StartRun", [codebuild_actions.StartBuild], GetAtt(project, "Arn"))),
            )
        ],
        Metadata=ROLE,
    )


def rule(title: str, project: codebuild.Project, role: iam.Role, **what: Any) -> events.Rule:
    target = events.Target(Id="Reconcile", Arn=GetAtt(project, "Arn"), RoleArn=GetAtt(role, "Arn"))
    return events.Rule(title, State="ENABLED", Targets=[target], **what)


def organization_bus(management: Param) -> events.EventBus:
    """The management account may send what Organizations tells, and nothing else."""
    when = {"StringEquals": {"events:source": "aws.organizations"}}
    bus = arns.arn("events", f"event-bus/{BUS}")
    sender = Principal("AWS", arns.root_arn(f"${{{management.name}}}"))
    send = allow("OrganizationMaySend", [event_actions.PutEvents], bus, when=when, principal=sender)
    return events.EventBus("OrganizationEvents", Name=Sub(BUS), Policy=policy_with_choices(send))


def forwarding_role(bus: AWSHelperFn, boundary: AWSHelperFn) -> iam.Role:
    return iam.Role(
        "ForwarderRole",
        AssumeRolePolicyDocument=trust("events"),
        PermissionsBoundary=boundary,
        Policies=[
            iam.Policy(PolicyName="Forward", PolicyDocument=policy(allow("PassOn", [event_actions.PutEvents], bus)))
        ],
        Metadata=ROLE,
    )


def forwarding(role: iam.Role, bus: AWSHelperFn) -> events.Rule:
    target = events.Target(Id="Bus", Arn=bus, RoleArn=GetAtt(role, "Arn"))
    return events.Rule("PassedOn", State="ENABLED", EventPattern=pattern(), Targets=[target])
