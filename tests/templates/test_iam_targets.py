"""The roles of target accounts: who may become them, and how far they reach."""

from __future__ import annotations

import fnmatch

from templates.env.iam_setup_stackset_role import EnvIamSetupStacksetRole
from templates.target.iam_target_account_roles import EnvIamTargetAccountRoles
from tests.seed.seeds import DEPLOY, load
from tests.templates.roles import USUAL, Rendered, actions

STAGING = USUAL | {"EnvType": "staging"}
ADMINISTRATION = "arn:aws:iam::222222222222:role/sm-mlops-dev-eu-west-1-stackset-admin"
TARGET_BOUNDARY = "arn:aws:iam::111111111111:policy/sm-mlops-dev-eu-west-1-target-boundary"


def _trust_of_one_role(role: str, **more: dict[str, str]) -> list[dict[str, object]]:
    return [
        {
            "Sid": "StackSetsOfOneAdministrator",
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::222222222222:root"},
            "Action": ["sts:AssumeRole"],
            "Condition": {"ArnEquals": {"aws:PrincipalArn": role}, **more},
        }
    ]


def test_the_setup_role_trusts_exactly_the_administration_role() -> None:
    """B032."""
    assert Rendered(EnvIamSetupStacksetRole).trust("SetupStackSetExecutionRole") == _trust_of_one_role(ADMINISTRATION)


def test_the_setup_role_asks_for_the_organization_where_it_is_given() -> None:
    """B032."""
    given = Rendered(EnvIamSetupStacksetRole, conditions=frozenset({"InOrganization"}))
    assert given.trust("SetupStackSetExecutionRole") == _trust_of_one_role(
        ADMINISTRATION, StringEquals={"aws:PrincipalOrgID": "<OrganizationId>"}
    )


def test_another_administration_role_replaces_the_usual_one() -> None:
    named = Rendered(EnvIamSetupStacksetRole, conditions=frozenset({"NamesAdministration"}))
    assert named.trust("SetupStackSetExecutionRole") == _trust_of_one_role("<StackSetAdministrationRoleArn>")


def test_the_setup_role_makes_only_the_stages_roles_and_only_below_the_boundary() -> None:
    """B032."""
    setup = Rendered(EnvIamSetupStacksetRole)
    names = ["model-execution", "stackset-execution", "model-test", "model-batch", "vpc-flow-logs"]
    roles = [f"arn:aws:iam::111111111111:role/sm-mlops-*-eu-west-1-{name}" for name in names]
    bound = setup.statement("SetupStackSetExecutionRole", "BoundRoles")
    assert bound["Resource"] == roles
    assert bound["Condition"] == {"StringEquals": {"iam:PermissionsBoundary": TARGET_BOUNDARY}}
    assert {"iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy"} <= set(bound["Action"])
    kept = setup.statement("SetupStackSetExecutionRole", "KeepRoles")
    assert kept["Resource"] == roles
    allowed = {
        action for action in actions(setup.statements("SetupStackSetExecutionRole")) if action.startswith("iam:")
    }
    assert allowed == {"iam:PassRole", *bound["Action"], *kept["Action"]}
    assert not allowed & {"iam:DeleteRolePermissionsBoundary", "iam:CreatePolicyVersion", "iam:CreatePolicy"}


def test_the_setup_role_has_a_ceiling_that_holds_all_its_rights_and_makes_no_other_role() -> None:
    setup = Rendered(EnvIamSetupStacksetRole)
    assert setup.roles()["SetupStackSetExecutionRole"]["PermissionsBoundary"] == "<SetupBoundary>"
    ceiling = actions(setup.statements("SetupBoundary"))
    granted = actions(setup.statements("SetupStackSetExecutionRole"))
    assert {one for one in granted if not _holds(ceiling, one)} == set()
    assert {one for one in ceiling if one.endswith(":*")} == {"cloudformation:*", "ec2:*", "logs:*", "ssm:*"}
    for sid in ("BoundRoles", "KeepRoles", "GiveFlowLogsTheirRole"):
        assert setup.statement("SetupBoundary", sid) == setup.statement("SetupStackSetExecutionRole", sid)


def _holds(ceiling: set[str], action: str) -> bool:
    return any(fnmatch.fnmatchcase(action, one) for one in ceiling)


def test_the_setup_role_passes_one_role_to_one_service() -> None:
    """B032."""
    passing = [
        s
        for s in Rendered(EnvIamSetupStacksetRole).statements("SetupStackSetExecutionRole")
        if "iam:PassRole" in s["Action"]
    ]
    assert passing == [
        {
            "Sid": "GiveFlowLogsTheirRole",
            "Effect": "Allow",
            "Action": ["iam:PassRole"],
            "Resource": ["arn:aws:iam::111111111111:role/sm-mlops-*-eu-west-1-vpc-flow-logs"],
            "Condition": {"StringEquals": {"iam:PassedToService": ["vpc-flow-logs.amazonaws.com"]}},
        }
    ]


def test_the_setup_role_changes_only_what_carries_the_environments_tag() -> None:
    """B032."""
    change = Rendered(EnvIamSetupStacksetRole).statement("SetupStackSetExecutionRole", "ChangeNetwork")
    assert change["Condition"] == {"StringEquals": {"aws:ResourceTag/EnvironmentName": "sm-mlops"}}
    assert {"ec2:DeleteVpc", "ec2:DeleteSubnet", "ec2:ReleaseAddress"} <= set(change["Action"])


def test_the_setup_role_may_give_a_vpc_its_default_options_back() -> None:
    """CloudFormation does so before it deletes the options; `default` has no tags."""
    setup = Rendered(EnvIamSetupStacksetRole)
    assert setup.statement("SetupStackSetExecutionRole", "TakeDefaultOptions") == {
        "Sid": "TakeDefaultOptions",
        "Effect": "Allow",
        "Action": ["ec2:AssociateDhcpOptions"],
        "Resource": ["arn:aws:ec2:eu-west-1:111111111111:dhcp-options/*"],
    }
    assert "ec2:AssociateDhcpOptions" in setup.statement("SetupStackSetExecutionRole", "ChangeNetwork")["Action"]


def test_the_boundary_of_targets_lets_nothing_make_a_role() -> None:
    allowed = actions(Rendered(EnvIamSetupStacksetRole).statements("PermissionsBoundary"))
    kept = {action for action in allowed if action.startswith("iam:")}
    assert kept == {"iam:PassRole", "iam:CreateServiceLinkedRole"}
    # the one that scales endpoints
    assert Rendered(EnvIamSetupStacksetRole).statement("PermissionsBoundary", "LinkScaling")["Condition"] == {
        "StringEquals": {"iam:AWSServiceName": "sagemaker.application-autoscaling.amazonaws.com"}
    }


def test_the_deploying_role_trusts_exactly_the_administration_role_of_dev() -> None:
    """B032."""
    target = Rendered(EnvIamTargetAccountRoles, STAGING)
    assert target.trust("StackSetExecutionRole") == _trust_of_one_role(ADMINISTRATION)


def test_target_roles_carry_the_stage_in_their_names_and_the_targets_boundary() -> None:
    roles = Rendered(EnvIamTargetAccountRoles, STAGING).roles()
    assert {name: (role["RoleName"], role["PermissionsBoundary"]) for name, role in roles.items()} == {
        "SageMakerModelExecutionRole": ("sm-mlops-staging-eu-west-1-model-execution", TARGET_BOUNDARY),
        "StackSetExecutionRole": ("sm-mlops-staging-eu-west-1-stackset-execution", TARGET_BOUNDARY),
        "ModelTestRole": ("sm-mlops-staging-eu-west-1-model-test", TARGET_BOUNDARY),
        "ModelBatchRole": ("sm-mlops-staging-eu-west-1-model-batch", TARGET_BOUNDARY),
        "VPCFlowLogsRole": ("sm-mlops-staging-eu-west-1-vpc-flow-logs", TARGET_BOUNDARY),
    }


def test_the_serving_role_only_reads_models_with_their_key() -> None:
    target = Rendered(EnvIamTargetAccountRoles, STAGING)
    statements = target.statements("SageMakerModelExecutionRole")
    assert {a for a in actions(statements) if a.split(":")[0] in ("s3", "kms", "sagemaker", "iam", "sts")} == {
        "s3:GetBucketLocation",
        "s3:GetObject",
        "s3:GetObjectVersion",
        "s3:ListBucket",
        "kms:Decrypt",
        "kms:DescribeKey",
    }
    assert target.statement("SageMakerModelExecutionRole", "ModelsRead")["Resource"] == [
        "arn:aws:s3:::<ModelBucketName>/*"
    ]
    assert target.statement("SageMakerModelExecutionRole", "ReadModelsWithKey") == {
        "Sid": "ReadModelsWithKey",
        "Effect": "Allow",
        "Action": ["kms:Decrypt", "kms:DescribeKey"],
        "Resource": ["<ModelS3KMSKeyArn>"],
        "Condition": {"StringLike": {"kms:ViaService": ["s3.eu-west-1.amazonaws.com"]}},
    }
    assert target.trust("SageMakerModelExecutionRole") == [
        {
            "Effect": "Allow",
            "Action": ["sts:AssumeRole"],
            "Principal": {"Service": ["sagemaker.amazonaws.com"]},
            "Condition": {"StringEquals": {"aws:SourceAccount": "111111111111"}},
        }
    ]


def test_the_deploying_role_passes_the_serving_role_to_sagemaker_only() -> None:
    target = Rendered(EnvIamTargetAccountRoles, STAGING)
    assert target.statement("StackSetExecutionRole", "RunModelsAs") == {
        "Sid": "RunModelsAs",
        "Effect": "Allow",
        "Action": ["iam:PassRole"],
        "Resource": ["<SageMakerModelExecutionRole.Arn>"],
        "Condition": {"StringEquals": {"iam:PassedToService": ["sagemaker.amazonaws.com"]}},
    }
    assert not {a for a in actions(target.statements("StackSetExecutionRole")) if a.startswith("iam:")} - {
        "iam:PassRole",
        "iam:CreateServiceLinkedRole",
    }


def test_the_deploying_role_makes_models_of_the_administrators_packages() -> None:
    """B042: it uses packages and never changes one."""
    target = Rendered(EnvIamTargetAccountRoles, STAGING)
    assert target.statement("StackSetExecutionRole", "UseModelPackages") == {
        "Sid": "UseModelPackages",
        "Effect": "Allow",
        "Action": ["sagemaker:CreateModel", "sagemaker:DescribeModelPackage"],
        "Resource": ["arn:aws:sagemaker:eu-west-1:222222222222:model-package/*"],
    }


def test_the_testing_role_calls_endpoints_and_nothing_else() -> None:
    """B041."""
    target = Rendered(EnvIamTargetAccountRoles, STAGING)
    assert target.statements("ModelTestRole") == [
        {
            "Sid": "TestModels",
            "Effect": "Allow",
            "Action": [
                "sagemaker:DescribeEndpoint",
                "sagemaker:InvokeEndpoint",
                "sagemaker:InvokeEndpointAsync",
                "sagemaker:InvokeEndpointWithResponseStream",
            ],
            "Resource": ["arn:aws:sagemaker:eu-west-1:111111111111:endpoint/*"],
        },
        {
            "Sid": "TraceEndpoints",
            "Effect": "Allow",
            "Action": ["sagemaker:DescribeEndpointConfig", "sagemaker:DescribeModel"],
            "Resource": [
                "arn:aws:sagemaker:eu-west-1:111111111111:endpoint-config/*",
                "arn:aws:sagemaker:eu-west-1:111111111111:model/*",
            ],
        },
    ]
    assert target.trust("ModelTestRole")[0]["Condition"] == {
        "ArnEquals": {
            "aws:PrincipalArn": ["arn:aws:iam::222222222222:role/sagemaker-projects/sm-mlops-dev/sagemaker-*-test"]
        }
    }


def test_the_seed_code_tests_with_the_role_that_the_stage_keeps_for_it() -> None:
    variables = {"ENV_NAME": "sm-mlops", "MULTI_ACCOUNT_DEPLOYMENT": "YES", "AWS_REGION": "eu-west-1"}
    project = {"SAGEMAKER_PROJECT_NAME": "ages", "SAGEMAKER_PROJECT_ID": "p-abc"}
    made = load(DEPLOY / "build.py").parameters({}, "package", "role", "staging", variables | project)
    role = Rendered(EnvIamTargetAccountRoles, STAGING).roles()["ModelTestRole"]["RoleName"]
    assert {"ParameterKey": "TestRoleName", "ParameterValue": role} in made


def test_the_deploying_role_makes_keys_with_the_stages_tags_only() -> None:
    """B063: a key of the account's own, which the role administers by its tags and cannot use itself."""
    target = Rendered(EnvIamTargetAccountRoles, STAGING)
    create, mark, keep = (
        target.statement("StackSetExecutionRole", sid) for sid in ("CreateKeys", "TagNewKeys", "KeepKeys")
    )
    tags = {"EnvironmentName": "sm-mlops", "EnvironmentType": "staging"}
    assert mark["Action"] == ["kms:TagResource"]
    assert mark["Condition"] == {**create["Condition"], "Null": {"aws:ResourceTag/EnvironmentName": "true"}}
    assert create["Condition"] == {"StringEquals": {f"aws:RequestTag/{k}": v for k, v in tags.items()}}
    assert keep["Condition"] == {"StringEquals": {f"aws:ResourceTag/{k}": v for k, v in tags.items()}}
    assert not {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"} & set(keep["Action"])


def test_the_deploying_role_reads_nothing_that_endpoints_captured() -> None:
    statement = Rendered(EnvIamTargetAccountRoles, STAGING).statement("StackSetExecutionRole", "KeepEndpointData")
    assert statement["Resource"] == ["arn:aws:s3:::stackset-sagemaker-*"]
    assert not {action for action in statement["Action"] if "Object" in action}


def test_schedules_start_encrypted_jobs_and_nothing_else() -> None:
    target = Rendered(EnvIamTargetAccountRoles, STAGING)
    jobs = ["arn:aws:sagemaker:eu-west-1:111111111111:transform-job/*"]
    assert target.statements("ModelBatchRole") == [
        {
            "Sid": "StartJobs",
            "Effect": "Allow",
            "Action": ["sagemaker:CreateTransformJob"],
            "Resource": jobs,
        },
        {
            "Sid": "OutputNeedsKey",
            "Effect": "Deny",
            "Action": ["sagemaker:CreateTransformJob"],
            "Resource": jobs,
            "Condition": {"Null": {"sagemaker:OutputKmsKey": "true", "sagemaker:OutputKmsKeyArn": "true"}},
        },
        {"Sid": "TagJobs", "Effect": "Allow", "Action": ["sagemaker:AddTags"], "Resource": jobs},
    ]
    assert target.trust("ModelBatchRole")[0]["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "111111111111"},
        "ArnLike": {"aws:SourceArn": "arn:aws:scheduler:eu-west-1:111111111111:schedule-group/default"},
    }
    assert target.statement("StackSetExecutionRole", "StartJobsAs")["Condition"] == {
        "StringEquals": {"iam:PassedToService": ["scheduler.amazonaws.com"]}
    }


def test_models_outside_of_the_vpc_are_refused_unless_serverless_endpoints_are_let_in() -> None:
    def bound(*conditions: str) -> dict[str, list[str]]:
        setup = Rendered(EnvIamSetupStacksetRole, conditions=frozenset(conditions))
        sids = ("NeedsSubnets", "NeedsSecurityGroups")
        return {sid: setup.statement("PermissionsBoundary", sid)["Action"] for sid in sids}

    closed, opened = bound(), bound("AllowsServerlessEndpoints")
    assert all("sagemaker:CreateModel" in actions for actions in closed.values())
    assert opened == {
        sid: [action for action in actions if action != "sagemaker:CreateModel"] for sid, actions in closed.items()
    }
