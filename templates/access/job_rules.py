"""What jobs can be asked for beside a VPC: isolation, encryption, keys, sizes. For boundaries and for SCPs alike."""

from __future__ import annotations

from typing import Any

from awacs.aws import Statement
from troposphere import Equals, Join, Not

from generator.cfn.contract import Cond, Param, switch
from generator.cfn.iam import deny
from templates.access.actions import of
from templates.access.guardrails import without_key

GROUP = "What else jobs are asked for"
# Jobs whose requests carry the keys for encryption between containers, isolation and output keys
# (service authorization reference, SageMaker AI, read 2026-11-21).
JOBS = of("sagemaker", "CreateHyperParameterTuningJob", "CreateProcessingJob", "CreateTrainingJob")
SIZED = (*JOBS, *of("sagemaker", "CreateEndpointConfig", "CreateNotebookInstance", "CreateTransformJob"))


def required_keys(default: str) -> Param:
    text = "YES refuses jobs without customer keys for volume and output"
    return switch("RequireJobKeys", text, default=default, group=GROUP)


class JobRuleParameters:
    """Beside `required_keys`, whose default is the template's."""

    REQUIRE_ISOLATION = switch(
        "RequireNetworkIsolation", "YES refuses jobs without network isolation", default="NO", group=GROUP
    )
    REQUIRE_ENCRYPTION = switch(
        "RequireInterContainerEncryption", "YES refuses jobs that talk unencrypted", default="NO", group=GROUP
    )
    INSTANCE_TYPES = Param(
        "AllowedInstanceTypes",
        "Patterns of the instance types of jobs, endpoints and notebooks, such as ml.m5.*; empty: any",
        type="CommaDelimitedList",
        default="",
        group=GROUP,
    )


class JobRules(JobRuleParameters):
    """The conditions of a template that has the statements, too."""

    REQUIRES_KEYS: Cond
    REQUIRES_ISOLATION = Cond("RequiresNetworkIsolation", Equals(JobRuleParameters.REQUIRE_ISOLATION, "YES"))
    REQUIRES_ENCRYPTION = Cond("RequiresInterContainerEncryption", Equals(JobRuleParameters.REQUIRE_ENCRYPTION, "YES"))
    LIMITS_TYPES = Cond("LimitsInstanceTypes", Not(Equals(Join("", JobRuleParameters.INSTANCE_TYPES), "")))

    def asked_of_jobs(self) -> list[Any]:
        """The statements, each under its condition."""
        types = {"ForAnyValue:StringNotLike": {"sagemaker:InstanceTypes": self.INSTANCE_TYPES}}
        return [
            self.REQUIRES_KEYS.then(deny("JobsNeedVolumeKey", JOBS, when=without_key("VolumeKmsKey"))),
            self.REQUIRES_KEYS.then(deny("JobsNeedOutputKey", JOBS, when=without_key("OutputKmsKey"))),
            self.REQUIRES_ISOLATION.then(_is_true("JobsAreIsolated", "sagemaker:NetworkIsolation")),
            self.REQUIRES_ENCRYPTION.then(_is_true("JobsTalkEncrypted", "sagemaker:InterContainerTrafficEncryption")),
            self.LIMITS_TYPES.then(deny("OnlyAllowedTypes", SIZED, when=types)),
        ]


def requires_keys(parameter: Param) -> Cond:
    return Cond("RequiresJobKeys", Equals(parameter, "YES"))


def _is_true(sid: str, key: str) -> Statement:
    return deny(sid, JOBS, when={"BoolIfExists": {key: "false"}})
