"""Roles of one environment in its development account: personas, execution roles, and the roles that set it up."""

from __future__ import annotations

from typing import Any

from troposphere import And, Equals, GetAtt, Not, Ref
from troposphere.iam import ManagedPolicy, Role

from generator.cfn.arns import role_arn
from generator.cfn.contract import Cond, Out, Param, switch
from generator.cfn.iam import policy_with_choices
from generator.cfn.stack import Stack
from templates import published
from templates.access.boundary import boundary_policy, environment_boundary, project_boundary
from templates.access.data import BucketName
from templates.access.job_rules import JobRules, required_keys, requires_keys
from templates.access.trust import add_sign_in_mapping, switch_role_link, trust_people
from templates.env import iam_execution, iam_personas, iam_project_launch, iam_setup, iam_workspace_launch
from templates.parameters import ENV_NAME, ENV_TYPE, OPTIONS_GROUP

ROLE_NAME = r"[\w+=,.@-]*"


class EnvIam(JobRules, Stack):
    """Every role carries the boundary that this template makes; personas and flow logs are optional."""

    FILE = "env-iam.yaml"
    DESCRIPTION = "Roles of one data science environment, and the boundary that they share"

    ENV_NAME = ENV_NAME
    ENV_TYPE = ENV_TYPE
    CREATE_USER_ROLES = switch("CreateIAMUserRoles", "NO leaves the roles of people to another process")
    CREATE_ML_ENGINEER = switch("CreateMLEngineerRole", "NO leaves out the role for data, quality and features")
    FOUR_EYES = switch(
        "FourEyes",
        "YES makes a role that answers the approvals of deployments, and takes that from who approves model packages",
        default="NO",
        group=OPTIONS_GROUP,
    )
    CREATE_FLOW_LOGS_ROLE = switch("CreateVPCFlowLogsRole", "NO where flow logs are off or have a role already")
    SETUP_ROLE_NAME = Param(
        "SetupStackSetExecutionRoleName",
        "Name of the role in the target accounts that sets up their roles and network",
        default="AWSCloudFormationStackSetExecutionRole",
        pattern=r"[\w+=,.@-]+",
        max_length=64,
    )
    EXECUTION_ROLE_NAME = Param(
        "StackSetExecutionRoleName",
        "Name of the role in the target accounts that deploys models, where it is not this product's own name",
        default="",
        pattern=ROLE_NAME,
        max_length=64,
    )
    STAGING = Param("EnvTypeStagingName", "Name of the staging stage", default="staging", max_length=10)
    PROD = Param("EnvTypeProdName", "Name of the production stage", default="prod", max_length=10)
    DATA_BUCKET = Param("DataBucketName", "Bucket for data, where it has not this product's own name", default="")
    MODEL_BUCKET = Param("ModelBucketName", "Bucket for models, where it has not this product's own name", default="")
    REQUIRE_SOURCE_IDENTITY = switch(
        "RequireSourceIdentity",
        "YES admits people only with a source identity, which the console's switch-role page cannot set",
        default="NO",
    )

    REQUIRE_KEYS = required_keys("NO")

    REQUIRES_KEYS = requires_keys(REQUIRE_KEYS)
    CREATES_USER_ROLES = Cond("CreatesUserRoles", Equals(CREATE_USER_ROLES, "YES"))
    CREATES_ML_ENGINEER = Cond(
        "CreatesMLEngineer", And(Equals(CREATE_USER_ROLES, "YES"), Equals(CREATE_ML_ENGINEER, "YES"))
    )
    KEEPS_FOUR_EYES = Cond("KeepsFourEyes", Equals(FOUR_EYES, "YES"))
    CREATES_APPROVER = Cond("CreatesApprover", And(Equals(CREATE_USER_ROLES, "YES"), Equals(FOUR_EYES, "YES")))
    CREATES_FLOW_LOGS_ROLE = Cond("CreatesFlowLogsRole", Equals(CREATE_FLOW_LOGS_ROLE, "YES"))
    NAMES_EXECUTION_ROLE = Cond("NamesExecutionRole", Not(Equals(EXECUTION_ROLE_NAME, "")))
    NAMES_DATA_BUCKET = Cond("NamesDataBucket", Not(Equals(DATA_BUCKET, "")))
    NAMES_MODEL_BUCKET = Cond("NamesModelBucket", Not(Equals(MODEL_BUCKET, "")))
    REQUIRES_SOURCE_IDENTITY = Cond("RequiresSourceIdentity", Equals(REQUIRE_SOURCE_IDENTITY, "YES"))

    ASSUME_TEAM_ADMINISTRATOR = Out("AssumeTeamAdminRole", "Console link that switches to the team administrator")
    ASSUME_DATA_SCIENTIST = Out("AssumeDataScientistRole", "Console link that switches to the data scientist")
    ASSUME_ML_ENGINEER = Out("AssumeMLEngineerRole", "Console link that switches to the ML engineer")
    ASSUME_APPROVER = Out("AssumeModelApproverRole", "Console link that switches to the approver of deployments")
    TEAM_ADMINISTRATOR_ARN = Out("DSTeamAdministratorRoleArn", "Role of the team administrator; empty if not created")
    DATA_SCIENTIST_ARN = Out("DataScientistRoleArn", "Role of the data scientist; empty if not created")
    ML_ENGINEER_ARN = Out("MLEngineerRoleArn", "Role of the ML engineer; empty if not created")
    APPROVER_ARN = Out("ModelApproverRoleArn", "Role of the approver of deployments; empty if not created")
    SAGEMAKER_EXECUTION_ARN = Out("SageMakerExecutionRoleArn", "Role that Studio and its jobs run with")
    PIPELINE_EXECUTION_ARN = Out("SageMakerPipelineExecutionRoleArn", "Role that SageMaker pipelines run with")
    PROJECT_LAUNCH_ARN = Out("SCProjectLaunchRoleArn", "Role that launches the MLOps project products")
    WORKSPACE_LAUNCH_ARN = Out("SCWorkspaceLaunchRoleArn", "Role that launches user profiles and notebook instances")
    SETUP_FUNCTION_ARN = Out("SetupLambdaExecutionRoleArn", "Role of the functions that set up the environment")
    STACK_SET_ADMINISTRATION_ARN = Out("StackSetAdministrationRoleArn", "Role that administers the stack sets")
    FLOW_LOGS_ARN = Out("VPCFlowLogsRoleArn", "Role that delivers VPC flow logs; empty if not created")
    BOUNDARY_ARN = Out("PermissionsBoundaryArn", "Policy that bounds every role of the environment")
    PROJECT_BOUNDARY_ARN = Out("ProjectBoundaryArn", "Policy that bounds every role that a project makes")

    def build(self) -> None:
        add_sign_in_mapping(self)
        passed = (published.PIPELINE_EXECUTION_ROLE, published.STACK_SET_ADMINISTRATION_ROLE)
        below = Ref(self.add(boundary_policy("ProjectBoundary", published.PROJECT_BOUNDARY, project_boundary(*passed))))
        ceiling = environment_boundary(below, published.PROJECT_ROLES)
        document = policy_with_choices(*ceiling.properties["Statement"], *self.asked_of_jobs())
        boundary = Ref(self.add(boundary_policy("PermissionsBoundary", published.PERMISSIONS_BOUNDARY, document)))
        trainers = self.add(iam_personas.trainer_policy())
        self._add_people(boundary, trainers)
        self._add_execution_roles(boundary, trainers)
        self._add_setup_roles(boundary, below)
        self.put(self.BOUNDARY_ARN, boundary)
        self.put(self.PROJECT_BOUNDARY_ARN, below)

    def _add_people(self, boundary: Any, trainers: ManagedPolicy) -> None:
        trust = {"AssumeRolePolicyDocument": trust_people(self.REQUIRES_SOURCE_IDENTITY)}
        training = {**trust, "ManagedPolicyArns": [Ref(trainers)]}
        administrator = iam_personas.persona(
            "DataScienceTeamAdministratorRole",
            published.TEAM_ADMINISTRATOR_ROLE,
            boundary,
            iam_personas.ONE_HOUR,
            iam_personas.team_administrator_statements(*self._buckets()),
            Policies=[self.KEEPS_FOUR_EYES.then(iam_personas.four_eyes())],
            **trust,
        )
        scientist = iam_personas.persona(
            "DataScientistRole",
            published.DATA_SCIENTIST_ROLE,
            boundary,
            iam_personas.FOUR_HOURS,
            iam_personas.data_scientist_statements(*self._buckets()),
            **training,
        )
        engineer = iam_personas.persona(
            "MLEngineerRole",
            published.ML_ENGINEER_ROLE,
            boundary,
            iam_personas.FOUR_HOURS,
            iam_personas.ml_engineer_statements(self._buckets()[0]),
            **training,
        )
        approver = iam_personas.persona(
            "ModelApproverRole",
            published.MODEL_APPROVER_ROLE,
            boundary,
            iam_personas.ONE_HOUR,
            iam_personas.model_approver_statements(),
            **trust,
        )
        people, engineers = self.CREATES_USER_ROLES, self.CREATES_ML_ENGINEER
        self._add_persona(administrator, people, self.TEAM_ADMINISTRATOR_ARN, self.ASSUME_TEAM_ADMINISTRATOR)
        self._add_persona(scientist, people, self.DATA_SCIENTIST_ARN, self.ASSUME_DATA_SCIENTIST)
        self._add_persona(engineer, engineers, self.ML_ENGINEER_ARN, self.ASSUME_ML_ENGINEER)
        self._add_persona(approver, self.CREATES_APPROVER, self.APPROVER_ARN, self.ASSUME_APPROVER)

    def _add_persona(self, role: Role, when: Cond, arn: Out, link: Out) -> None:
        self.add(role, when)
        self.put(arn, when.then(GetAtt(role, "Arn"), ""))
        self.put(link, when.then(switch_role_link(str(role.title)), ""))

    def _add_execution_roles(self, boundary: Any, trainers: ManagedPolicy) -> None:
        jobs = self.add(iam_execution.job_policy())
        folder = f"{self.release.prefix}/{published.PROJECT_TEMPLATES_FOLDER}"
        notebook = iam_execution.execution_role(
            "SageMakerExecutionRole",
            published.SAGEMAKER_EXECUTION_ROLE,
            boundary,
            [jobs, trainers],
            [
                *iam_execution.notebook_statements(*self._buckets()),
                iam_execution.may_create_projects(self.release.bucket, folder),
            ],
        )
        pipeline = iam_execution.execution_role(
            "SageMakerPipelineExecutionRole",
            published.PIPELINE_EXECUTION_ROLE,
            boundary,
            [jobs],
            iam_execution.pipeline_statements(*self._buckets()),
        )
        self.put(self.SAGEMAKER_EXECUTION_ARN, GetAtt(self.add(notebook), "Arn"))
        self.put(self.PIPELINE_EXECUTION_ARN, GetAtt(self.add(pipeline), "Arn"))

    def _add_setup_roles(self, boundary: Any, project_boundary: Any) -> None:
        administration = self.add(
            iam_setup.stack_set_administration_role(boundary, self._target_roles(), self.release.region)
        )
        self.put(self.STACK_SET_ADMINISTRATION_ARN, GetAtt(administration, "Arn"))
        setup = iam_setup.setup_function_role(boundary, self.release)
        self.put(self.SETUP_FUNCTION_ARN, GetAtt(self.add(setup), "Arn"))
        workspaces = self.add(iam_workspace_launch.workspace_launch_role(boundary))
        self.put(self.WORKSPACE_LAUNCH_ARN, GetAtt(workspaces, "Arn"))
        launch = self.add(iam_project_launch.project_launch_role(boundary, project_boundary))
        self.put(self.PROJECT_LAUNCH_ARN, GetAtt(launch, "Arn"))
        flow_logs = self.add(iam_setup.flow_logs_role(boundary), self.CREATES_FLOW_LOGS_ROLE)
        self.put(self.FLOW_LOGS_ARN, self.CREATES_FLOW_LOGS_ROLE.then(GetAtt(flow_logs, "Arn"), ""))

    def _target_roles(self) -> list[Any]:
        """The only roles of other accounts that stack sets use: set-up, and deployment in each stage."""
        stages = (self.ENV_TYPE, self.STAGING, self.PROD)
        deploying = [published.STACK_SET_EXECUTION_ROLE.replace("EnvType", stage.name) for stage in stages]
        return [
            *(
                role_arn(name, account="*")
                for name in ("${SetupStackSetExecutionRoleName}", published.SETUP_EXECUTION_ROLE)
            ),
            *(role_arn(name, account="*") for name in deploying),
            self.NAMES_EXECUTION_ROLE.then(role_arn("${StackSetExecutionRoleName}", account="*")),
        ]

    def _buckets(self) -> tuple[BucketName, BucketName]:
        return (
            BucketName(self.DATA_BUCKET.name, self.NAMES_DATA_BUCKET, published.DATA_BUCKET),
            BucketName(self.MODEL_BUCKET.name, self.NAMES_MODEL_BUCKET, published.MODEL_BUCKET),
        )
