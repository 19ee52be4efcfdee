"""Roles of one stage in its account: the one that models run with and the one that deploys them."""

from __future__ import annotations

from typing import Any

from awacs.aws import PolicyDocument, Statement
from troposphere import Equals, GetAtt, Not, Ref, Sub
from troposphere.iam import Policy, Role

from generator.cfn.arns import arn, bucket_arn, objects_arn, role_arn
from generator.cfn.contract import Cond, Out, Param, switch
from generator.cfn.iam import READ_WITH_KEY, allow, may_pass, may_read, policy, trust
from generator.cfn.stack import Stack
from templates import published
from templates.access import actions
from templates.access.actions import of
from templates.access.boundary import policy_arn
from templates.access.data import (
    may_attach_to_vpc,
    may_pull_images,
    may_read_parameters,
    may_use_environment_keys,
    may_write_logs,
)
from templates.access.exceptions import ROLE, SEEING_ROLE
from templates.access.stacks import may_keep_instances
from templates.access.trust import trust_role
from templates.env.iam_setup import flow_logs_role
from templates.parameters import ENV_NAME, ENV_TYPE, environment_tags
from templates.target.batch import batch_role, may_keep_schedules
from templates.target.endpoint_data import may_keep_endpoint_buckets, may_keep_endpoint_keys, may_link_scaling

ROLE_NAME = r"[\w+=,.@-]*"


class EnvIamTargetAccountRoles(Stack):
    """Each role has one purpose: to serve, to deploy, to test, to start batch transforms."""

    FILE = "env-iam-target-account-roles.yaml"
    DESCRIPTION = "Roles of one stage in its account: model execution and stack set execution"

    ENV_NAME = ENV_NAME
    ENV_TYPE = ENV_TYPE
    MODEL_EXECUTION_NAME = Param(
        "SageMakerModelExecutionRoleName",
        "Name of the role that models run with; empty for this product's own name",
        default="",
        pattern=ROLE_NAME,
        max_length=64,
    )
    STACK_SET_EXECUTION_NAME = Param(
        "StackSetExecutionRoleName",
        "Name of the role that deploys models; empty for this product's own name",
        default="",
        pattern=ROLE_NAME,
        max_length=64,
    )
    PIPELINE_EXECUTION_ARN = Param(
        "PipelineExecutionRoleArn",
        "Role of the development account that tests deployed models, beside the projects' own; empty for none",
        default="",
    )
    ADMINISTRATOR_ACCOUNT = Param(
        "AdministratorAccountId",
        "Account that administers the stack sets",
        pattern=r"\d{12}",
        min_length=12,
        max_length=12,
    )
    ADMINISTRATION_ROLE_ARN = Param(
        "StackSetAdministrationRoleArn",
        "The only role that may use the deploying role; empty for this product's own name in the administrator account",
        default="",
    )
    ADMINISTRATOR_ENV_TYPE = Param(
        "AdministratorEnvType",
        "EnvType of the environment that administers the stack sets",
        default="dev",
        max_length=10,
    )
    BOUNDARY_ARN = Param(
        "PermissionsBoundaryArn",
        "Policy that bounds the roles; empty for the one that the set-up role's template made in this account",
        default="",
    )
    MODEL_BUCKET = Param("ModelBucketName", "Bucket of the trained models")
    MODEL_KEY_ARN = Param("ModelS3KMSKeyArn", "Key that encrypts the bucket of the trained models")

    CREATE_FLOW_LOGS_ROLE = switch(
        "CreateVPCFlowLogsRole",
        "YES makes the stage's role for VPC flow logs; the environment's own is elsewhere",
        default="NO",
    )

    NAMES_MODEL_EXECUTION = Cond("NamesModelExecution", Not(Equals(MODEL_EXECUTION_NAME, "")))
    NAMES_STACK_SET_EXECUTION = Cond("NamesStackSetExecution", Not(Equals(STACK_SET_EXECUTION_NAME, "")))
    NAMES_ADMINISTRATION = Cond("NamesAdministration", Not(Equals(ADMINISTRATION_ROLE_ARN, "")))
    NAMES_BOUNDARY = Cond("NamesBoundary", Not(Equals(BOUNDARY_ARN, "")))
    NAMES_TESTER = Cond("NamesTester", Not(Equals(PIPELINE_EXECUTION_ARN, "")))

    CREATES_FLOW_LOGS_ROLE = Cond("CreatesFlowLogsRole", Equals(CREATE_FLOW_LOGS_ROLE, "YES"))

    MODEL_EXECUTION_ROLE_ARN = Out("SageMakerModelExecutionRoleArn", "Role that models run with")
    MODEL_EXECUTION_ROLE_NAME = Out("SageMakerModelExecutionRoleName", "Name of the role that models run with")
    STACK_SET_EXECUTION_ROLE_ARN = Out("StackSetExecutionRoleArn", "Role that deploys models")
    STACK_SET_EXECUTION_ROLE_NAME = Out("StackSetExecutionRoleName", "Name of the role that deploys models")
    MODEL_TEST_ROLE_ARN = Out("ModelTestRoleArn", "Role that calls the stage's endpoints to test them")

    def build(self) -> None:
        boundary = self.NAMES_BOUNDARY.then(
            self.BOUNDARY_ARN, policy_arn(stage(published.TARGET_PERMISSIONS_BOUNDARY, "AdministratorEnvType"))
        )
        model = self.add(model_execution_role(self._name_of_model_role(), boundary, self.MODEL_KEY_ARN))
        batch = self.add(batch_role(boundary))
        deployer = self.add(stack_set_execution_role(self._name_of_deployer(), self._trust(), boundary, model, batch))
        tester = self.add(model_test_role(self._testers(), boundary))
        self.add(flow_logs_role(boundary), self.CREATES_FLOW_LOGS_ROLE)
        self.put(self.MODEL_EXECUTION_ROLE_ARN, GetAtt(model, "Arn"))
        self.put(self.MODEL_EXECUTION_ROLE_NAME, Ref(model))
        self.put(self.STACK_SET_EXECUTION_ROLE_ARN, GetAtt(deployer, "Arn"))
        self.put(self.STACK_SET_EXECUTION_ROLE_NAME, Ref(deployer))
        self.put(self.MODEL_TEST_ROLE_ARN, GetAtt(tester, "Arn"))

    def _testers(self) -> list[Any]:
        tests = stage(published.PROJECT_TEST_ROLES, "AdministratorEnvType")
        projects = role_arn(tests, account="${AdministratorAccountId}")
        return [projects, self.NAMES_TESTER.then(self.PIPELINE_EXECUTION_ARN)]

    def _name_of_model_role(self) -> Any:
        return self.NAMES_MODEL_EXECUTION.then(self.MODEL_EXECUTION_NAME, Sub(published.MODEL_EXECUTION_ROLE))

    def _name_of_deployer(self) -> Any:
        return self.NAMES_STACK_SET_EXECUTION.then(
            self.STACK_SET_EXECUTION_NAME, Sub(published.STACK_SET_EXECUTION_ROLE)
        )

    def _trust(self) -> PolicyDocument:
        account = "${AdministratorAccountId}"
        name = stage(published.STACK_SET_ADMINISTRATION_ROLE, "AdministratorEnvType")
        administration = self.NAMES_ADMINISTRATION.then(self.ADMINISTRATION_ROLE_ARN, role_arn(name, account=account))
        return trust_role("StackSetsOfOneAdministrator", account, administration)


def stage(name: str, parameter: str) -> str:
    """A published name with another parameter as its stage."""
    return name.replace("EnvType", parameter)


def model_execution_role(name: Any, boundary: Any, key_arn: Any) -> Role:
    """What a model needs while it serves: read its artifact, its image and its key, attach to the VPC, write logs."""
    through = [Sub("s3.${AWS::Region}.${AWS::URLSuffix}")]
    return Role(
        "SageMakerModelExecutionRole",
        RoleName=name,
        AssumeRolePolicyDocument=trust("sagemaker"),
        PermissionsBoundary=boundary,
        Policies=[
            Policy(
                PolicyName="ServeModels",
                PolicyDocument=policy(
                    may_read("Models", bucket_arn("${ModelBucketName}"), objects_arn("${ModelBucketName}")),
                    allow(
                        "ReadModelsWithKey", READ_WITH_KEY, key_arn, when={"StringLike": {"kms:ViaService": through}}
                    ),
                    may_pull_images(),
                    may_attach_to_vpc(),
                    may_write_logs(),
                ),
            )
        ],
        Metadata=SEEING_ROLE,
        Tags=environment_tags(),
    )


def stack_set_execution_role(name: Any, trusting: PolicyDocument, boundary: Any, model: Role, batch: Role) -> Role:
    """Deploys endpoints from the projects' stack sets; models run as `model`, schedules start jobs as `batch`."""
    return Role(
        "StackSetExecutionRole",
        RoleName=name,
        AssumeRolePolicyDocument=trusting,
        PermissionsBoundary=boundary,
        Policies=[
            Policy(PolicyName="StackInstances", PolicyDocument=policy(may_keep_instances("sagemaker-"))),
            Policy(PolicyName="DeployModels", PolicyDocument=policy(*deployment_statements(GetAtt(model, "Arn")))),
            Policy(PolicyName="ScheduleJobs", PolicyDocument=policy(may_keep_schedules(batch))),
        ],
        Metadata=SEEING_ROLE,
        Tags=environment_tags(),
    )


def deployment_statements(model_role: Any) -> list[Any]:
    """Models, endpoints, their scaling, their alarms, their key and their captured data."""
    parts = [arn("sagemaker", f"{kind}/*") for kind in ("endpoint", "endpoint-config", "model")]
    packages = arn("sagemaker", "model-package/*", account="${AdministratorAccountId}")
    describe = of("sagemaker", "DescribeEndpoint", "DescribeEndpointConfig", "DescribeModel", "ListTags")
    tags = of("sagemaker", "AddTags", "DeleteTags")
    return [
        allow("DeployModels", (*actions.DEPLOY_MODELS, *describe, *tags), parts),
        # A model of another account's package takes the right to CreateModel on the package as well.
        allow("UseModelPackages", of("sagemaker", "CreateModel", "DescribeModelPackage"), packages),
        may_pass("RunModelsAs", model_role, "sagemaker"),
        may_scale_endpoints(),
        may_link_scaling(),
        may_keep_alarms(),
        may_keep_endpoint_keys(),
        may_keep_endpoint_buckets(),
        may_read_parameters(),
        may_use_environment_keys("sagemaker"),
        # Subnets and groups of a model are looked up before it is made; Describe actions of EC2 have no resource types.
        allow("SeeVpc", of("ec2", "DescribeSecurityGroups", "DescribeSubnets", "DescribeVpcs")),
    ]


def may_scale_endpoints() -> list[Statement]:
    """Register endpoint variants for scaling, through the service's own linked role."""
    scaling = of(
        "application-autoscaling",
        "DeleteScalingPolicy",
        "DeregisterScalableTarget",
        "ListTagsForResource",
        "PutScalingPolicy",
        "RegisterScalableTarget",
        "TagResource",
        "UntagResource",
    )
    see = of("application-autoscaling", "DescribeScalableTargets", "DescribeScalingPolicies")
    see += of("application-autoscaling", "DescribeScheduledActions")
    return [
        allow("ScaleEndpoints", scaling, arn("application-autoscaling", "scalable-target/*")),
        # The Describe actions have no resource type.
        allow("SeeScaling", see),
    ]


def may_keep_alarms() -> Statement:
    """Alarms on endpoints, by the projects' prefix; and those that a scaling policy makes of itself.

    Application Auto Scaling User Guide, "Identity-based policy examples": who sets a policy needs the alarms' rights.
    """
    keep = of("cloudwatch", "DeleteAlarms", "DescribeAlarms", "ListTagsForResource", "PutMetricAlarm")
    keep += of("cloudwatch", "TagResource", "UntagResource")
    names = ("sagemaker-*", "TargetTracking-endpoint/*")
    return allow("KeepAlarms", keep, [arn("cloudwatch", f"alarm:{name}") for name in names])


def model_test_role(testers: list[Any], boundary: Any) -> Role:
    """The tests of the development account's projects call the stage's endpoints with it; it can do nothing else."""
    endpoints, *traced = (arn("sagemaker", f"{kind}/*") for kind in ("endpoint", "endpoint-config", "model"))
    return Role(
        "ModelTestRole",
        RoleName=Sub(published.MODEL_TEST_ROLE),
        AssumeRolePolicyDocument=trust_role("TestsOfProjects", "${AdministratorAccountId}", testers),
        PermissionsBoundary=boundary,
        Policies=[
            Policy(
                PolicyName="TestModels",
                PolicyDocument=policy(
                    allow("TestModels", (*of("sagemaker", "DescribeEndpoint"), *actions.INVOKE_ENDPOINTS), endpoints),
                    # Their names are CloudFormation's; they say of which package a model is.
                    allow("TraceEndpoints", actions.TRACE_ENDPOINTS, traced),
                ),
            )
        ],
        Metadata=ROLE,
        Tags=environment_tags(),
    )
