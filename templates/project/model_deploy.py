"""Project template: deploy an approved model to the staging accounts, test it, and after approval to production."""

from __future__ import annotations

from typing import Any

from troposphere import Equals, If, Not, Ref, Sub, codebuild, codepipeline, events, s3

from generator.cfn.contract import Cond, Param, switch
from generator.cfn.stack import Stack
from templates.project import delivery
from templates.project.environment import (
    PROJECT_ID,
    PROJECT_NAME,
    environment,
    environment_configuration,
)

SEED_KEY = "seed-code/mlops-model-deploy-v1.0.zip"
PACKAGE = "ModelPackageArn"
_SOURCE = "ModelDeploySource"
_BUILD = "BuildArtifact"
_TEMPLATE = "cfn-sm-endpoint"
_NEEDED = (
    "DataBucketName",
    "ModelBucketName",
    "SeedCodeBucketName",
    "S3KmsKeyId",
    "EbsKmsKeyArn",
    "ModelExecutionRole",
    "StackSetAdministrationRole",
    "StackSetExecutionRole",
    "StagingModelExecutionRole",
    "StagingStackSetExecutionRole",
    "ProdModelExecutionRole",
    "ProdStackSetExecutionRole",
    "StagingAccounts",
    "ProductionAccounts",
    "EnvTypeStagingName",
    "EnvTypeProdName",
)


class ProjectModelDeploy(Stack):
    """Source, build of the endpoint's stack, staging with test and approval, production."""

    FILE = "project-model-deploy.yaml"
    DESCRIPTION = "SageMaker project: delivery pipeline that deploys approved models to staging and production accounts"

    SAGEMAKER_PROJECT_NAME = PROJECT_NAME
    SAGEMAKER_PROJECT_ID = PROJECT_ID
    MODEL_PACKAGE_GROUP_NAME = Param(
        "ModelPackageGroupName",
        "Model package group whose approved packages are deployed; Auto for one named <project name>-<project id>",
        default="Auto",
    )
    MULTI_ACCOUNT_DEPLOYMENT = switch(
        "MultiAccountDeployment",
        "Deploy to the environment's staging and production accounts; NO keeps all endpoints in this account",
        default="NO",
    )
    REPOSITORY_PROVIDER = delivery.REPOSITORY_PROVIDER
    CONNECTION_ARN = delivery.CONNECTION_ARN
    REPOSITORY_ID = delivery.REPOSITORY_ID
    SOURCE_BUCKET = delivery.SOURCE_BUCKET

    OWN_GROUP = Cond("GenerateModelPackageGroupName", Equals(MODEL_PACKAGE_GROUP_NAME, "Auto"))
    MULTI_ACCOUNT = Cond("DeployToOtherAccounts", Equals(MULTI_ACCOUNT_DEPLOYMENT, "YES"))
    IN_CODECOMMIT = Cond("RepositoryInCodeCommit", Equals(REPOSITORY_PROVIDER, "CodeCommit"))
    THROUGH_CONNECTION = Cond("RepositoryThroughConnection", Equals(REPOSITORY_PROVIDER, "CodeConnections"))
    OWN_SOURCE = Cond("OwnSourceBucket", Not(Equals(SOURCE_BUCKET, "")))

    def build(self) -> None:
        seed = f"{self.release.prefix}/{SEED_KEY}"
        group = self.OWN_GROUP.then(Sub("${SageMakerProjectName}-${SageMakerProjectId}"), self.MODEL_PACKAGE_GROUP_NAME)
        self.add(environment_configuration(_NEEDED))
        bucket = self.add(delivery.artifact_bucket("MlOpsArtifactsBucket"))
        source = self.add(
            delivery.repository("ModelDeployCodeCommitRepository", "model-deploy", seed), self.IN_CODECOMMIT
        )
        endpoint_build = self.add(
            endpoint_build_project(
                group, bucket, staging=self._role("Staging", "Model"), production=self._role("Prod", "Model")
            )
        )
        endpoint_test = self.add(endpoint_test_project())
        staging = self.MULTI_ACCOUNT.then(environment("StagingAccounts"), Ref("AWS::AccountId"))
        production = self.MULTI_ACCOUNT.then(environment("ProductionAccounts"), Ref("AWS::AccountId"))
        stages = [
            delivery.source_stage(_SOURCE, source, seed, self.IN_CODECOMMIT, self.THROUGH_CONNECTION, self.OWN_SOURCE),
            build_stage(endpoint_build),
            staging_stage(staging, self._role("Staging", "StackSet"), endpoint_test, group),
            production_stage(production, self._role("Prod", "StackSet")),
        ]
        pipeline = self.add(
            delivery.pipeline(
                "ModelDeployPipeline", "modeldeploy", bucket, stages, mode="QUEUED", variables={PACKAGE: "latest"}
            )
        )
        self.add(approved_rule("ModelDeployRegistryEventRule", group, pipeline))
        self.add(delivery.commit_rule("ModelDeployCodeCommitEventRule", source, pipeline, "code"), self.IN_CODECOMMIT)

    def _role(self, stage: str, kind: str) -> If:
        """An execution role's name: the stage's in its accounts, the environment's own where all stays in this one."""
        return self.MULTI_ACCOUNT.then(environment(f"{stage}{kind}ExecutionRole"), environment(f"{kind}ExecutionRole"))


def endpoint_build_project(group: If, bucket: s3.Bucket, *, staging: If, production: If) -> codebuild.Project:
    """`staging` and `production` are the names of the roles that models run with."""
    return delivery.build_project(
        "ModelDeployBuildProject",
        "modeldeploy",
        "Writes the endpoint's template and its parameters for each stage",
        build_variables(group, bucket, staging, production),
        buildspec="buildspec.yml",
        minutes=15,
    )


def endpoint_test_project() -> codebuild.Project:
    return delivery.build_project(
        "ModelDeployTestProject",
        "modeldeploy-test",
        "Tests the endpoint in every staging account",
        test_variables(),
        buildspec="test/buildspec.yml",
        minutes=30,
    )


def build_stage(project: codebuild.Project) -> codepipeline.Stages:
    """Writes template and parameters; the run's model package goes in as an environment variable."""
    package = f'[{{"name":"MODEL_PACKAGE_ARN","value":"#{{variables.{PACKAGE}}}"}}]'
    action = delivery.build_action(
        "BuildEndpointDeploymentTemplate", project, [f"{_SOURCE}Artifact"], [_BUILD], variables=package
    )
    return codepipeline.Stages(Name="Build", Actions=[action])


def staging_stage(targets: If, role: If, test: codebuild.Project, group: If) -> codepipeline.Stages:
    """Deploy, test, and wait for a person."""
    return codepipeline.Stages(
        Name="DeployModelStaging",
        Actions=[
            deploy_action("DeployStaging", "EnvTypeStagingName", targets, role, "staging-config"),
            delivery.build_action("TestStaging", test, [f"{_SOURCE}Artifact", _BUILD], ["TestArtifact"], order=2),
            approval(group),
        ],
    )


def production_stage(targets: If, role: If) -> codepipeline.Stages:
    return codepipeline.Stages(
        Name="DeployModelProd",
        Actions=[deploy_action("DeployProd", "EnvTypeProdName", targets, role, "prod-config")],
    )


def deploy_action(name: str, stage: str, targets: Any, role: Any, parameters: str) -> codepipeline.Actions:
    """Put the endpoint's stack set into the accounts of a stage; self-managed stack sets take accounts only."""
    return codepipeline.Actions(
        Name=name,
        ActionTypeId=codepipeline.ActionTypeId(
            Category="Deploy", Owner="AWS", Provider="CloudFormationStackSet", Version="1"
        ),
        InputArtifacts=[codepipeline.InputArtifacts(Name=_BUILD)],
        Configuration={
            "StackSetName": Sub(
                "sagemaker-${SageMakerProjectName}-${SageMakerProjectId}-deploy-${Stage}", Stage=environment(stage)
            ),
            "Description": Sub("Endpoint of the project ${SageMakerProjectName}"),
            "TemplatePath": f"{_BUILD}::{_TEMPLATE}.yaml",
            "Parameters": f"{_BUILD}::{parameters}.json",
            "Capabilities": "CAPABILITY_NAMED_IAM",
            "PermissionModel": "SELF_MANAGED",
            "AdministrationRoleArn": environment("StackSetAdministrationRole"),
            "ExecutionRoleName": role,
            "DeploymentTargets": targets,
            "Regions": Ref("AWS::Region"),
            "MaxConcurrentPercentage": 100,
            "FailureTolerancePercentage": 0,
        },
        RunOrder=1,
    )


def approval(group: If) -> codepipeline.Actions:
    """A person lets the model into production."""
    return codepipeline.Actions(
        Name="ApproveStagingDeployment",
        ActionTypeId=codepipeline.ActionTypeId(Category="Approval", Owner="AWS", Provider="Manual", Version="1"),
        Configuration={
            "CustomData": Sub(
                "A model of ${Group} (project ${SageMakerProjectName}) has passed its tests in the staging accounts",
                Group=group,
            )
        },
        RunOrder=3,
    )


def approved_rule(title: str, group: If, target: codepipeline.Pipeline) -> events.Rule:
    """Start the pipeline with the very package that was approved; other state changes start nothing."""
    return events.Rule(
        title,
        Name=Sub("sagemaker-${SageMakerProjectName}-${SageMakerProjectId}-model"),
        Description="Starts the pipeline with a model package when it is approved",
        EventPattern={
            "source": ["aws.sagemaker"],
            "detail-type": ["SageMaker Model Package State Change"],
            "detail": {"ModelPackageGroupName": [group], "ModelApprovalStatus": ["Approved"]},
        },
        State="ENABLED",
        Targets=[
            events.Target(
                Id="pipeline",
                Arn=delivery.pipeline_arn(target),
                RoleArn=delivery.service_role(),
                InputTransformer=events.InputTransformer(
                    InputPathsMap={"package": "$.detail.ModelPackageArn"},
                    InputTemplate=f'{{"variables":[{{"name":"{PACKAGE}","value":<package>}}]}}',
                ),
            )
        ],
    )


def build_variables(group: If, bucket: s3.Bucket, staging: If, production: If) -> dict[str, Any]:
    """What the seed code's build reads from the environment; the pipeline adds MODEL_PACKAGE_ARN at each run."""
    return {
        "SAGEMAKER_PROJECT_NAME": PROJECT_NAME,
        "SAGEMAKER_PROJECT_ID": PROJECT_ID,
        "ENV_NAME": environment("EnvironmentName"),
        "ENV_TYPE": environment("EnvironmentType"),
        "ARTIFACT_BUCKET": Ref(bucket),
        "DATA_BUCKET": environment("DataBucketName"),
        "MODEL_BUCKET": environment("ModelBucketName"),
        "SOURCE_MODEL_PACKAGE_GROUP_NAME": group,
        "AWS_REGION": Ref("AWS::Region"),
        "MULTI_ACCOUNT_DEPLOYMENT": Ref("MultiAccountDeployment"),
        "STAGING_ACCOUNTS": environment("StagingAccounts"),
        "PRODUCTION_ACCOUNTS": environment("ProductionAccounts"),
        "STAGING_CONFIG_NAME": "staging-config",
        "PROD_CONFIG_NAME": "prod-config",
        "CFN_TEMPLATE_NAME": _TEMPLATE,
        "SAGEMAKER_EXECUTION_ROLE_STAGING_NAME": staging,
        "SAGEMAKER_EXECUTION_ROLE_PROD_NAME": production,
        "SAGEMAKER_EBS_KMS_KEY_ARN": environment("EbsKmsKeyArn"),
        "ENV_TYPE_STAGING_NAME": environment("EnvTypeStagingName"),
        "ENV_TYPE_PROD_NAME": environment("EnvTypeProdName"),
    }


def test_variables() -> dict[str, Any]:
    """What the seed code's test reads from the environment."""
    return {
        "AWS_REGION": Ref("AWS::Region"),
        "BUILD_CONFIG": "staging-config",
        "TEST_RESULTS": "test-results",
        "MULTI_ACCOUNT_DEPLOYMENT": Ref("MultiAccountDeployment"),
        "STAGING_ACCOUNTS": environment("StagingAccounts"),
    }
