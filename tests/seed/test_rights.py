"""Every call of the seed code's scripts is in the policies of the roles that they run with."""

from __future__ import annotations

import fnmatch
import re

import botocore
import botocore.loaders
import pytest

from generator.cfn.stack import Stack
from templates.project.model_deploy import ProjectModelDeploy
from templates.target.iam_target_account_roles import EnvIamTargetAccountRoles
from tests.seed.seeds import DEPLOY
from tests.templates.roles import Rendered, actions

BUILDS = (ProjectModelDeploy, "BuildRole")
TESTERS = (ProjectModelDeploy, "TestRole")
COMPARES = frozenset({"ComparesProductionData"})
TESTS = (EnvIamTargetAccountRoles, "ModelTestRole")
# sts:GetCallerIdentity needs no right; operations of the runtime are actions of sagemaker
ALLOWED = {"sts:GetCallerIdentity"}
SERVICES = {"sagemaker-runtime": "sagemaker"}
ACTIONS = {"s3:ListObjectsV2": "s3:ListBucket", "s3:HeadObject": "s3:GetObject"}
# boto3's managed copy is no operation of the service
COPIES = {"s3:GetObject", "s3:PutObject"}


def called(*names: str) -> set[str]:
    """Actions of the operations that scripts name, as methods or for paginators."""
    source = "".join((DEPLOY / name).read_text() for name in names)
    words = {*re.findall(r"\.([a-z0-9_]+)\(", source), *re.findall(r'paginator\("([a-z0-9_]+)"\)', source)}
    services = {*re.findall(r'client\("([a-z0-9-]+)"', source), *re.findall(r'"(sagemaker(?:-runtime)?)"', source)}
    found = set()
    for service in services:
        model = botocore.loaders.Loader().load_service_model(service, "service-2")
        prefix = SERVICES.get(service, service)
        found |= {f"{prefix}:{name}" for name in model["operations"] if botocore.xform_name(name) in words}
    copied = COPIES if "copy" in words else set()
    return {ACTIONS.get(name, name) for name in found} - ALLOWED | copied


@pytest.mark.parametrize(
    ("scripts", "role", "expected"),
    [
        (
            ("setup.py", "build.py", "targets.py", "release.py"),
            BUILDS,
            {
                "cloudformation:ListStackInstances",
                "s3:GetObject",
                "s3:ListBucket",
                "s3:PutObject",
                "sagemaker:CreateModelPackageGroup",
                "sagemaker:DescribeModelPackage",
                "sagemaker:ListModelPackageGroups",
                "sagemaker:ListModelPackages",
                "sagemaker:PutModelPackageGroupPolicy",
                "ssm:GetParameter",
            },
        ),
        (
            ("test/test.py", "test/model.py"),
            TESTERS,
            {
                "sagemaker:DescribeEndpoint",
                "sagemaker:DescribeEndpointConfig",
                "sagemaker:DescribeModel",
                "sagemaker:InvokeEndpoint",
                "sts:AssumeRole",
            },
        ),
        (
            ("monitor/monitor.py", "targets.py"),
            TESTERS,
            {
                "cloudformation:ListStackInstances",
                "cloudwatch:PutMetricData",
                "s3:GetObject",
                "s3:ListBucket",
                "sagemaker:DescribeEndpoint",
                "sns:Publish",
                "ssm:GetParameter",
                "sts:AssumeRole",
            },
        ),
    ],
)
def test_builds_may_do_what_the_scripts_call(
    scripts: tuple[str, ...], role: tuple[type[Stack], str], expected: set[str]
) -> None:
    calls = called(*scripts)
    assert calls == expected
    allowed = {one.lower() for one in actions(Rendered(role[0], conditions=COMPARES).statements(role[1]))}
    assert {one for one in calls if not any(fnmatch.fnmatchcase(one.lower(), pattern) for pattern in allowed)} == set()


def test_the_test_role_may_do_what_the_test_calls_in_its_account() -> None:
    allowed = actions(Rendered(TESTS[0]).statements(TESTS[1]))
    assert called("test/test.py", "test/model.py") - {"sts:AssumeRole"} <= allowed
