# %% [markdown]
# # A training pipeline, step by step
#
# Puts the pipeline of this repository together in cells, so that you can look at each step and try changes before you
# write them into `pipelines/`. It is a pipeline of its own, `experiment-<project>`; the project's is left alone.
#
# Run `00-setup` first, and this notebook in the repository's top folder.

# %% imports
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import boto3
from pipelines.abalone import dataset
from pipelines.environment import from_variables
from pipelines.studio import upsert, variables

# %% parameters tags=["parameters"]
PROJECT = ""  # name of the project that this repository belongs to
ROWS = 4177
TRAINING_INSTANCE_TYPE = "ml.m5.xlarge"
POLL_SECONDS = 30

# %% [markdown]
# The SageMaker SDK, in the version that the build uses. Restart the kernel where another one was loaded before.

# %% install-sdk tags=["skip-in-tests"] reason="installs packages"
subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--requirement", "requirements.txt"], check=True)

# %% [markdown]
# ## The environment
#
# The same object that the build makes of its variables: network, keys, roles, buckets.

# %% environment
os.environ["SAGEMAKER_VALIDATE_ROLE"] = "false"  # else the SDK asks IAM to simulate the role's policies
os.environ["SAGEMAKER_USER_CONFIG_OVERRIDE"] = "sagemaker-config.yaml"
sagemaker, s3 = boto3.client("sagemaker"), boto3.client("s3")
project = sagemaker.describe_project(ProjectName=PROJECT)
environment = from_variables(variables(project, f"experiment-{PROJECT}"))
print(environment)

# %% [markdown]
# ## Data
#
# Made data like the abalone set: physical measures, and the number of rings to predict. It goes to the data bucket,
# whose default encryption is the environment's key.

# %% upload-data
local = Path("abalone.csv")
dataset.write(local, ROWS)
key = f"datasets/{environment.project_id}/experiment/abalone.csv"
s3.upload_file(str(local), environment.data_bucket, key)
local.unlink()
input_uri = f"s3://{environment.data_bucket}/{key}"
print(f"{ROWS} rows in {input_uri}")

# %% [markdown]
# ## Parameters of the pipeline
#
# What a run may choose. Nothing runs while the steps are defined: the session records the calls.

# %% pipeline-parameters tags=["skip-in-tests"] reason="needs the SageMaker SDK"
from pipelines.abalone import pipeline as abalone
from pipelines.session import pipeline_session
from sagemaker.core.image_uris import retrieve
from sagemaker.core.workflow.conditions import ConditionLessThanOrEqualTo
from sagemaker.core.workflow.functions import JsonGet
from sagemaker.core.workflow.parameters import ParameterInteger, ParameterString
from sagemaker.mlops.workflow.condition_step import ConditionStep
from sagemaker.mlops.workflow.pipeline import Pipeline

session = pipeline_session(environment)
instance = ParameterString("ProcessingInstanceType", default_value="ml.m5.large")
training_instance = ParameterString("TrainingInstanceType", default_value="ml.m5.xlarge")
count = ParameterInteger("TrainingInstanceCount", default_value=1)
approval = ParameterString("ModelApprovalStatus", default_value="PendingManualApproval")
data = ParameterString("InputDataUrl", default_value=input_uri)
image = retrieve("xgboost", environment.region, version=abalone.XGBOOST)

# %% [markdown]
# ## Prepare
#
# `preprocess.py` runs in a processing job: splits the rows, fills gaps, scales numbers.

# %% step-prepare tags=["skip-in-tests"] reason="needs the SageMaker SDK"
prepared = abalone.preprocess(environment, session, instance, data)

# %% [markdown]
# ## Train
#
# SageMaker's XGBoost. Its input is the output of the step before, by reference: that alone puts them in order.

# %% step-train tags=["skip-in-tests"] reason="needs the SageMaker SDK"
trained = abalone.train(environment, session, training_instance, count, image, prepared)

# %% [markdown]
# ## Evaluate
#
# `evaluate.py` writes the error on data that training has not seen; the condition below reads it from the report.

# %% step-evaluate tags=["skip-in-tests"] reason="needs the SageMaker SDK"
evaluated, report = abalone.evaluate(environment, session, instance, image, prepared, trained)

# %% [markdown]
# ## Register, where the error is small enough
#
# A model is registered as pending: roles that train may not register it as approved.

# %% step-register tags=["skip-in-tests"] reason="needs the SageMaker SDK"
registered = abalone.register(environment, session, image, trained, approval)
error = JsonGet(evaluated.name, report, "regression_metrics.mse.value")
small = ConditionLessThanOrEqualTo(left=error, right=abalone.LIMIT)
decision = ConditionStep("CheckMSEAbalone", conditions=[small], if_steps=[registered], else_steps=[])

# %% definition tags=["skip-in-tests"] reason="needs the SageMaker SDK"
pipeline = Pipeline(
    environment.pipeline_name,
    parameters=[instance, training_instance, count, approval, data],
    steps=[prepared, trained, evaluated, decision],
    sagemaker_session=session,
)
definition = pipeline.definition()

# %% [markdown]
# ## Controls
#
# What the environment asks of every job, read from the definition. The execution role refuses jobs without subnets and
# security groups, and where `RequireKeys` of env-main is `YES` jobs without keys.
#
# | control | why |
# |---|---|
# | subnets, security groups | jobs reach AWS by the VPC's endpoints only |
# | volume key | disks of the job's machines are the environment's to lock |
# | output key | target accounts read models with this key and no other |
# | traffic between containers encrypted | several machines share training data over the network |
# | role | people's code runs with the execution role, the pipeline itself with another |


# %% controls
def controls(step):
    """Control -> value, of one step's request; references between steps have none."""
    job = step["Arguments"]
    if step["Type"] == "Processing":
        network, cluster = job["NetworkConfig"], job["ProcessingResources"]["ClusterConfig"]
        outputs = job["ProcessingOutputConfig"]
    else:
        network, cluster, outputs = job, job["ResourceConfig"], job["OutputDataConfig"]
    return {
        "subnets": network["VpcConfig"]["Subnets"],
        "security groups": network["VpcConfig"]["SecurityGroupIds"],
        "encrypted between containers": network["EnableInterContainerTrafficEncryption"],
        "volume key": cluster["VolumeKmsKeyId"],
        "output key": outputs["KmsKeyId"],
        "role": job["RoleArn"],
    }


jobs = [step for step in json.loads(definition)["Steps"] if step["Type"] in ("Processing", "Training")]
for step in jobs:
    print(step["Name"])
    for control, value in controls(step).items():
        print(f"  {control:30}{value}")
        if not value:
            raise ValueError(f"{step['Name']}: no {control}")

# %% [markdown]
# ## Create or update the pipeline

# %% create-pipeline
upsert(sagemaker, environment, definition)
print(f"pipeline {environment.pipeline_name}")

# %% [markdown]
# ## Run it
#
# Parameters that are not given have their defaults.

# %% start
given = {"TrainingInstanceType": TRAINING_INSTANCE_TYPE, "InputDataUrl": input_uri}
execution = sagemaker.start_pipeline_execution(
    PipelineName=environment.pipeline_name,
    PipelineParameters=[{"Name": name, "Value": value} for name, value in given.items()],
)["PipelineExecutionArn"]
print(execution)

# %% watch tags=["skip-in-tests"] reason="SageMaker runs the steps"
while True:
    status = sagemaker.describe_pipeline_execution(PipelineExecutionArn=execution)["PipelineExecutionStatus"]
    steps = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=execution)["PipelineExecutionSteps"]
    print(status, {step["StepName"]: step["StepStatus"] for step in steps})
    if status not in ("Executing", "Stopping"):
        break
    time.sleep(POLL_SECONDS)
for step in steps:
    if "FailureReason" in step:
        print(f"{step['StepName']}: {step['FailureReason']}")

# %% [markdown]
# ## Clean-up
#
# The pipeline and the data go. Jobs are history; models stay in the registry until the project's are deleted.

# %% clean-up
sagemaker.delete_pipeline(
    PipelineName=environment.pipeline_name, ClientRequestToken=environment.pipeline_name.ljust(32, "-")
)
s3.delete_object(Bucket=environment.data_bucket, Key=key)
print(f"deleted {environment.pipeline_name} and {input_uri}")
