"""A person lets a model into production, and hears that a model waits; the topics of a project."""

from __future__ import annotations

from typing import Any

from awacs import sns as sns_actions
from awacs.aws import Principal, Statement
from troposphere import If, Ref, Sub, codepipeline
from troposphere.sns import SubscriptionResource, Topic, TopicPolicy

from generator.cfn.iam import deny, policy
from templates.project.environment import PROJECT, project_tags

# After a week a model that nobody wanted is out of date; the execution fails, and a new one asks again
MINUTES = 7 * 24 * 60


def project_topic(title: str, purpose: str, key: Any = "alias/aws/sns") -> Topic:
    """SNS's own key serves roles of this account, and no service that publishes by itself, such as EventBridge."""
    return Topic(title, TopicName=Sub(f"{PROJECT}-{purpose}"), KmsMasterKeyId=key, Tags=project_tags())


def tls_only(title: str, topic: Topic, *admits: Statement) -> TopicPolicy:
    """Publishing needs TLS; who else may publish than `admits` is said by the roles of this account."""
    needs_tls = deny(
        "NeedsTls",
        [sns_actions.Publish],
        Ref(topic),
        when={"Bool": {"aws:SecureTransport": "false"}},
        principal=Principal("*"),
    )
    return TopicPolicy(title, Topics=[Ref(topic)], PolicyDocument=policy(needs_tls, *admits))


def by_email(title: str, topic: Topic, address: Any) -> SubscriptionResource:
    return SubscriptionResource(title, TopicArn=Ref(topic), Protocol="email", Endpoint=address)


def approval(group: If, topic: If) -> codepipeline.Actions:
    """Waits for a person, who is told which package it is and under which change ticket it goes."""
    text = (
        "#{Build.DEPLOYED_PACKAGE} of ${Group} (project ${SageMakerProjectName}) has passed its tests in the staging "
        "accounts. Change ticket: #{variables.ChangeTicket}. Who wrote the change or approved the package does not "
        "approve this."
    )
    return codepipeline.Actions(
        Name="ApproveStagingDeployment",
        ActionTypeId=codepipeline.ActionTypeId(Category="Approval", Owner="AWS", Provider="Manual", Version="1"),
        Configuration={"CustomData": Sub(text, Group=group), "NotificationArn": topic},
        TimeoutInMinutes=MINUTES,
        RunOrder=3,
    )
