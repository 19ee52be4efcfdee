# %% [markdown]
# # A model on its way to production
#
# Trains a small model, registers it in the project's model package group, and follows it: approval, staging with its
# test, approval for production, production account by account. Needs boto3 only.
#
# Run `00-setup` first. Two steps are not yours to take in Studio: its role approves neither models nor deployments.
# The notebook then shows what to send to whoever may, and waits.

# %% imports
import json
import random
import time
from datetime import datetime
from pathlib import Path

import boto3

# %% parameters tags=["parameters"]
PROJECT = ""  # name of the project that this repository belongs to
IMAGE = ""  # training image; empty: SageMaker's XGBoost, whose address the SageMaker SDK knows
APPROVES_MODEL = False  # True only with the credentials of the team administrator
APPROVES_PRODUCTION = False  # True only with those of who approves deployments
POLL_SECONDS = 15
PATIENCE_MINUTES = 120

# %% environment
environment = json.loads((Path.home() / "mlops-environment.json").read_text())
sagemaker, codepipeline, s3 = (boto3.client(name) for name in ("sagemaker", "codepipeline", "s3"))
project = sagemaker.describe_project(ProjectName=PROJECT)
group = f"{PROJECT}-{project['ProjectId']}"
pipeline = f"sagemaker-{group}-modeldeploy"
print(f"model package group {group}, pipeline {pipeline}")

# %% [markdown]
# ## Data
#
# Rows like those in `payload.csv`, which the deploy pipeline's test sends: ten numbers, and before them the value to
# predict.

# %% upload-data
draw = random.Random(1)
rows = []
for _ in range(500):
    measures = [draw.gauss(0, 1) for _ in range(7)]
    sex = draw.choice([(1, 0, 0), (0, 1, 0), (0, 0, 1)])
    rings = max(1, round(10 + 2 * measures[0] + measures[3] + draw.gauss(0, 1)))
    rows.append(",".join(str(value) for value in (rings, *measures, *sex)))
folder = f"datasets/{project['ProjectId']}/notebook"
s3.put_object(Bucket=environment["DATA_BUCKET"], Key=f"{folder}/train.csv", Body="\n".join(rows).encode())
print(f"{len(rows)} rows in s3://{environment['DATA_BUCKET']}/{folder}/")

# %% [markdown]
# ## Training
#
# In the environment's network, with its keys: a job without them is refused.

# %% image
if not IMAGE:
    from sagemaker.core.image_uris import retrieve

    IMAGE = retrieve("xgboost", environment["AWS_REGION"], version="3.0-5")
print(IMAGE)

# %% train
job = f"{PROJECT}-{datetime.now():%Y%m%d-%H%M%S}"
channel = {
    "ChannelName": "train",
    "ContentType": "text/csv",
    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{environment['DATA_BUCKET']}/{folder}/"}},
}
sagemaker.create_training_job(
    TrainingJobName=job,
    RoleArn=environment["EXECUTION_ROLE_ARN"],
    AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
    HyperParameters={"objective": "reg:squarederror", "num_round": "50", "max_depth": "4"},
    InputDataConfig=[channel],
    OutputDataConfig={
        "S3OutputPath": f"s3://{environment['MODEL_BUCKET']}/{group}",
        "KmsKeyId": environment["S3_KMS_KEY_ARN"],
    },
    ResourceConfig={
        "InstanceType": "ml.m5.large",
        "InstanceCount": 1,
        "VolumeSizeInGB": 10,
        "VolumeKmsKeyId": environment["EBS_KMS_KEY_ARN"],
    },
    VpcConfig={
        "Subnets": environment["SUBNET_IDS"].split(","),
        "SecurityGroupIds": environment["SECURITY_GROUP_IDS"].split(","),
    },
    EnableInterContainerTrafficEncryption=True,
    StoppingCondition={"MaxRuntimeInSeconds": 3600},
)
sagemaker.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName=job)
trained = sagemaker.describe_training_job(TrainingJobName=job)
if trained["TrainingJobStatus"] != "Completed":
    raise RuntimeError(f"{job}: {trained['TrainingJobStatus']}: {trained.get('FailureReason', '')}")
artifact = trained["ModelArtifacts"]["S3ModelArtifacts"]
print(artifact)

# %% [markdown]
# ## Registering
#
# As pending: whoever trains may not register an approved model. The group was made by the project's first build.

# %% register
package = sagemaker.create_model_package(
    ModelPackageGroupName=group,
    ModelApprovalStatus="PendingManualApproval",
    InferenceSpecification={
        "Containers": [{"Image": IMAGE, "ModelDataUrl": artifact}],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    },
)["ModelPackageArn"]
print(package)

# %% [markdown]
# ## Approving the model
#
# The team administrator does this; in Studio under Models, or with the command below. The approval starts the
# pipeline.


# %% approve-model
def wait_for(read, what):
    """What `read` returns as soon as it returns anything."""
    end = time.monotonic() + PATIENCE_MINUTES * 60
    while not (found := read()):
        if time.monotonic() > end:
            raise TimeoutError(f"no {what} within {PATIENCE_MINUTES} minutes; run this cell again to go on waiting")
        time.sleep(POLL_SECONDS)
    return found


def decided():
    status = sagemaker.describe_model_package(ModelPackageName=package)["ModelApprovalStatus"]
    return status if status != "PendingManualApproval" else ""


if APPROVES_MODEL:
    sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")
else:
    print(
        f"for the team administrator:\n  aws sagemaker update-model-package --model-package-arn {package} "
        "--model-approval-status Approved"
    )
decision = wait_for(decided, "decision")
print(f"version {package.rsplit('/', 1)[1]}: {decision}")
if decision != "Approved":
    raise RuntimeError("the model goes no further")

# %% [markdown]
# ## Staging
#
# The run that the approval started: it has the package's ARN as a variable.


# %% find-run
def run_of_package():
    for page in codepipeline.get_paginator("list_pipeline_executions").paginate(pipelineName=pipeline):
        for row in page["pipelineExecutionSummaries"]:
            found = codepipeline.get_pipeline_execution(
                pipelineName=pipeline, pipelineExecutionId=row["pipelineExecutionId"]
            )["pipelineExecution"]
            if package in [one["resolvedValue"] for one in found.get("variables", [])]:
                return row["pipelineExecutionId"]
    return ""


run = wait_for(run_of_package, "run")
print(run)

# %% [markdown]
# The pipeline puts the endpoint into the staging accounts by a stack set, then calls it in each: errors, latency and
# the shape of the answers have to be as `payload.json` says.

# %% staging
seen = {}


def status_of_run():
    found = codepipeline.get_pipeline_execution(pipelineName=pipeline, pipelineExecutionId=run)
    return found["pipelineExecution"]["status"]


def states():
    """(stage, state of action) of this run, in order."""
    for stage in codepipeline.get_pipeline_state(name=pipeline)["stageStates"]:
        if stage.get("latestExecution", {}).get("pipelineExecutionId") == run:
            for action in stage["actionStates"]:
                yield stage["stageName"], action


def waiting_or_ended():
    """Tell what has changed; the approval that waits, or the run's end."""
    ended = status_of_run()
    waiting = None
    for stage, action in states():
        latest = action.get("latestExecution", {})
        status = latest.get("status", "")
        if status and seen.get((stage, action["actionName"])) != status:
            seen[stage, action["actionName"]] = status
            reason = latest.get("errorDetails", {}).get("message", "")
            print(f"{stage}: {action['actionName']}: {status} {reason}".rstrip())
        if latest.get("token"):
            waiting = {"stageName": stage, "actionName": action["actionName"], "token": latest["token"]}
    return waiting or (ended if ended != "InProgress" else None)


approval = wait_for(waiting_or_ended, "approval")
if isinstance(approval, str):
    raise RuntimeError(f"the run ended before production: {approval}")

# %% [markdown]
# ## Approving the deployment
#
# By somebody other than the author of the model. An approval that nobody gives expires after seven days.

# %% approve-production
CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}
region = environment["AWS_REGION"]
console = CONSOLES[package.split(":")[1]]
print(f"https://{region}.{console}/codesuite/codepipeline/pipelines/{pipeline}/view?region={region}")
if APPROVES_PRODUCTION:
    codepipeline.put_approval_result(
        pipelineName=pipeline, result={"status": "Approved", "summary": "tested in staging"}, **approval
    )
else:
    print(f"for the approver, by that link or:\n  mlz model approve {group}")

# %% [markdown]
# ## Production
#
# One account first, with a smoke test; then all others. An alarm in the first wave rolls it back and stops the run.


# %% production
def ended():
    waiting_or_ended()
    return status if (status := status_of_run()) != "InProgress" else ""


end = wait_for(ended, "end of the run")
print(f"{run}: {end}")
if end != "Succeeded":
    raise RuntimeError(f"production may have the former model: mlz model status {group}")

# %% [markdown]
# ## Clean-up
#
# The data of this notebook goes here. Endpoints stay until another version replaces them (`mlz model rollback`) or the
# project is deleted (`99-clean-up`). To keep this version from being deployed again, the team administrator rejects
# it.

# %% clean-up
s3.delete_object(Bucket=environment["DATA_BUCKET"], Key=f"{folder}/train.csv")
print(f"deleted s3://{environment['DATA_BUCKET']}/{folder}/train.csv")
print(
    f"for the team administrator:\n  aws sagemaker update-model-package --model-package-arn {package} "
    "--model-approval-status Rejected"
)
