# %% [markdown]
# # The project's pipeline, from its module
#
# The project's build runs `pipelines.run_pipeline` at each push to `main`. This notebook does the same from the
# checkout that you are working in, and starts runs with other parameters. It updates the project's own pipeline; the
# next push puts that of `main` back.
#
# Run `00-setup` first, and this notebook in the repository's top folder.

# %% imports
import importlib
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
MODULE = "pipelines.abalone.pipeline"  # the module with get_pipeline, as in buildspec.yml
RUNS = [  # one run each; what is not named has its default
    {"TrainingInstanceType": "ml.m5.large"},
    {"TrainingInstanceType": "ml.m5.xlarge", "ProcessingInstanceType": "ml.m5.xlarge"},
]
POLL_SECONDS = 30

# %% install-sdk tags=["skip-in-tests"] reason="installs packages"
subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--requirement", "requirements.txt"], check=True)

# %% [markdown]
# ## What the build would have
#
# Values of the environment and of the project, under the names of the build's variables.

# %% environment
os.environ["SAGEMAKER_VALIDATE_ROLE"] = "false"  # else the SDK asks IAM to simulate the role's policies
os.environ["SAGEMAKER_USER_CONFIG_OVERRIDE"] = "sagemaker-config.yaml"
sagemaker, s3 = boto3.client("sagemaker"), boto3.client("s3")
project = sagemaker.describe_project(ProjectName=PROJECT)
given = variables(project)
environment = from_variables(given)
for name, value in sorted(given.items()):
    print(f"{name:32}{value}")

# %% upload-data
local = Path("abalone.csv")
dataset.write(local, 4177)
key = f"datasets/{environment.project_id}/abalone.csv"
s3.upload_file(str(local), environment.data_bucket, key)
local.unlink()
input_uri = f"s3://{environment.data_bucket}/{key}"
print(input_uri)

# %% [markdown]
# ## The definition
#
# Making it uploads the job scripts; nothing runs. Every job has the environment's subnets, security groups, keys and
# roles: `sagemaker-pipeline` shows them one by one.

# %% definition tags=["skip-in-tests"] reason="needs the SageMaker SDK"
from pipelines.session import pipeline_session

module = importlib.import_module(MODULE)
definition = module.get_pipeline(environment, pipeline_session(environment), input_uri).definition()

# %% parameters-of-the-pipeline
document = json.loads(definition)
defaults = {one["Name"]: one.get("DefaultValue") for one in document["Parameters"]}
for name, value in defaults.items():
    print(f"{name:32}{value}")
for step in document["Steps"]:
    print(f"{step['Type']:12}{step['Name']}")
for run in RUNS:
    unknown = sorted(run.keys() - defaults.keys())
    if unknown:
        raise LookupError(f"RUNS: {', '.join(unknown)}: no parameter; there are: {', '.join(defaults)}")

# %% [markdown]
# ## Create or update it

# %% upsert
upsert(sagemaker, environment, definition)
print(f"pipeline {environment.pipeline_name}")

# %% [markdown]
# ## Runs with parameters

# %% start
executions = []
for run in RUNS:
    values = {"InputDataUrl": input_uri, **run}
    started = sagemaker.start_pipeline_execution(
        PipelineName=environment.pipeline_name,
        PipelineParameters=[{"Name": name, "Value": str(value)} for name, value in values.items()],
    )
    executions.append(started["PipelineExecutionArn"])
    print(f"started {executions[-1].rsplit('/', 1)[1]} with {run}")

# %% watch tags=["skip-in-tests"] reason="SageMaker runs the steps"
for execution in executions:
    status = "Executing"
    while status in ("Executing", "Stopping"):
        time.sleep(POLL_SECONDS)
        status = sagemaker.describe_pipeline_execution(PipelineExecutionArn=execution)["PipelineExecutionStatus"]
    steps = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=execution)["PipelineExecutionSteps"]
    print(execution.rsplit("/", 1)[1], status, [step.get("FailureReason", step["StepName"]) for step in steps])

# %% [markdown]
# ## What they registered
#
# Each good run is a version in the project's model package group, pending until the team's administrator approves it.

# %% versions
group = environment.model_package_group
groups = sagemaker.list_model_package_groups(NameContains=group)["ModelPackageGroupSummaryList"]
versions = [
    row
    for known in groups
    if known["ModelPackageGroupName"] == group
    for page in sagemaker.get_paginator("list_model_packages").paginate(ModelPackageGroupName=group)
    for row in page["ModelPackageSummaryList"]
]
for row in versions:
    print(f"{group}/{row['ModelPackageVersion']}: {row['ModelApprovalStatus']}")
print(f"{len(versions)} versions in {group}")

# %% [markdown]
# ## Clean-up
#
# The project's pipeline and data are the project's: they go with it (`99-clean-up`). Runs that still go on are stopped
# here.

# %% clean-up
for execution in executions:
    status = sagemaker.describe_pipeline_execution(PipelineExecutionArn=execution)["PipelineExecutionStatus"]
    if status == "Executing":
        sagemaker.stop_pipeline_execution(
            PipelineExecutionArn=execution, ClientRequestToken=execution.rsplit("/", 1)[1].ljust(32, "-")
        )
    print(f"{execution.rsplit('/', 1)[1]}: {'stopped' if status == 'Executing' else status}")
