"""product-notebook.yaml: a notebook instance inside the environment's network, as a Service Catalog product."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from troposphere import Base64, Select, Sub
from troposphere.sagemaker import (
    InstanceMetadataServiceConfiguration,
    NotebookInstance,
    NotebookInstanceLifecycleConfig,
    NotebookInstanceLifecycleHook,
)

from generator.cfn.contract import Out, Param
from generator.cfn.lint import scan_exception
from generator.cfn.stack import Stack
from templates.env.studio_domain import LONGEST_IDLE_MINUTES
from templates.facts import facts
from templates.parameters import ENV_NAME, ENV_TYPE, environment_tags
from templates.products.environment import GROUP, look_up, name_parameter
from templates.project.environment import environment
from templates.published import ENVIRONMENT

# `<environment>-<name>`, and for the scripts `-<digest>` behind it, within SageMaker's 63 characters.
NAME = f"{ENVIRONMENT}-${{NotebookName}}"
_ELSEWHERE = scan_exception(CKV2_AWS_68="its role stands in env-iam, where access expectations hold its policy")
_LIFECYCLE = Path(__file__).parents[1] / "sources" / "lifecycle"


class ProductNotebook(Stack):
    """What people may choose is its size and when it stops; network, role, key and restrictions are the platform's."""

    FILE = "product-notebook.yaml"
    DESCRIPTION = "SageMaker notebook instance inside the network of an environment"

    ENV_NAME = ENV_NAME
    ENV_TYPE = ENV_TYPE
    NAME = name_parameter("NotebookName", "The instance's name ends with it", 32)
    INSTANCE_TYPE = Param(
        "InstanceType",
        "Type of the instance",
        default=facts()["notebook"]["default_type"],
        allowed=facts()["notebook"]["types"],
        group=GROUP,
        label="Instance type",
    )
    VOLUME = Param(
        "VolumeGB",
        "Size of the volume",
        type="Number",
        default=20,
        min_value=5,
        max_value=200,
        group=GROUP,
        label="Volume",
    )
    IDLE_MINUTES = Param(
        "IdleTimeoutMinutes",
        "Minutes without activity after which the instance stops",
        type="Number",
        default=60,
        min_value=15,
        max_value=LONGEST_IDLE_MINUTES,
        group=GROUP,
        label="Idle timeout",
    )

    NOTEBOOK_NAME = Out("NotebookInstanceName", "Name of the notebook instance")

    def build(self) -> None:
        self.add(look_up(self.NAME))
        scripts = self.add(idle_stop(self.IDLE_MINUTES))
        self.add(instance(self.INSTANCE_TYPE, self.VOLUME, scripts))
        self.put(self.NOTEBOOK_NAME, Sub(NAME))


def instance(kind: Any, size: Any, scripts: NotebookInstanceLifecycleConfig) -> NotebookInstance:
    """The boundary of the role that launches it refuses any other: internet, root, no subnet or no key of one's own."""
    return NotebookInstance(
        "NotebookInstance",
        DependsOn=scripts.title,
        NotebookInstanceName=Sub(NAME),
        InstanceType=kind,
        PlatformIdentifier=facts()["notebook"]["platform"],
        RoleArn=environment("ExecutionRole"),
        SubnetId=Select(0, environment("SubnetIds")),
        SecurityGroupIds=environment("SecurityGroups"),
        DirectInternetAccess="Disabled",
        RootAccess="Disabled",
        KmsKeyId=environment("EbsKeyArn"),
        VolumeSizeInGB=size,
        InstanceMetadataServiceConfiguration=InstanceMetadataServiceConfiguration(
            MinimumInstanceMetadataServiceVersion="2"
        ),
        LifecycleConfigName=Sub(NAME),
        Tags=environment_tags(),
        Metadata=_ELSEWHERE,
    )


def idle_stop(minutes: Param) -> NotebookInstanceLifecycleConfig:
    """At each start: a timer that stops the instance once nobody has used it for so long."""
    check = (_LIFECYCLE / "notebook_idle_stop.py").read_text()
    start = (_LIFECYCLE / "notebook-idle-stop.sh").read_text().replace("# check\n", check).replace("${", "${!")
    return NotebookInstanceLifecycleConfig(
        "IdleStop",
        NotebookInstanceLifecycleConfigName=Sub(NAME),
        OnStart=[
            NotebookInstanceLifecycleHook(
                Content=Base64(Sub(f"#!/bin/bash\nIDLE_MINUTES=${{{minutes.name}}}\n{start}"))
            )
        ],
    )
