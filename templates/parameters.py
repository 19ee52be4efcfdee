"""Parameters that several templates share as one object, so that a parent passes them straight through."""

from __future__ import annotations

from typing import Any

from troposphere import Ref, Tags

from generator.cfn.contract import Param
from generator.cfn.tags import tags

ENVIRONMENT_GROUP = "Data Science Environment"
OPTIONS_GROUP = "Deployment Options"
_NAME_PATTERN = "[a-z0-9][a-z0-9-]*"
# SSM keeps parameter names that begin with aws or ssm to itself, Resource Groups those that begin with aws.
_ENV_NAME_PATTERN = f"(?!aws|ssm){_NAME_PATTERN}"


def env_name(default: str | None = None, label: str = "") -> Param:
    """EnvName, within the budget that bucket and role names leave (see templates.published)."""
    return Param(
        "EnvName",
        "Name of the environment: lower-case letters, digits and hyphens",
        default=default,
        pattern=_ENV_NAME_PATTERN,
        constraint="1 to 16 lower-case letters, digits and hyphens, not beginning with aws or ssm",
        max_length=16,
        group=ENVIRONMENT_GROUP,
        label=label,
    )


def env_type(default: str = "dev", label: str = "") -> Param:
    """EnvType: which stage of the environment this is."""
    return Param(
        "EnvType",
        "Type of the environment, such as dev, staging or prod",
        default=default,
        pattern=_NAME_PATTERN,
        constraint="1 to 10 lower-case letters, digits and hyphens",
        max_length=10,
        group=ENVIRONMENT_GROUP,
        label=label,
    )


ENV_NAME = env_name()
ENV_TYPE = env_type()


def environment_tags(**more: Any) -> Tags:
    """The two tags that everything of an environment carries, and more."""
    return tags(EnvironmentName=Ref("EnvName"), EnvironmentType=Ref("EnvType"), **more)
