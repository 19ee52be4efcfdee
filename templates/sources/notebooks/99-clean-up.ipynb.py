# %% [markdown]
# # Clean-up
#
# Deletes projects of the environment, in the order of `mlz project delete`: endpoints in all accounts, then the
# project with its stack, then its artifact bucket, and its models only when you say so. What is left of the
# environment goes by the commands at the end.
#
# No role of people who work in Studio may do this, Studio's own least of all. Run it where you have a profile of an
# administrator of the development account. Run `00-setup` there first. Every cell can be run again: it goes on where
# it was.

# %% imports
import json
import time
from pathlib import Path

import boto3

# %% parameters tags=["parameters"]
PROFILE = ""  # profile of an administrator; empty: the usual credentials
DELETE = []  # names of the projects to delete; none unless you write them here
DELETE_MODELS = False  # True: their model package groups and SageMaker pipelines too
POLL_SECONDS = 10

# %% environment
environment = json.loads((Path.home() / "mlops-environment.json").read_text())
identity = f"{environment['ENV_NAME']}-{environment['ENV_TYPE']}"
session = boto3.Session(profile_name=PROFILE or None, region_name=environment["AWS_REGION"])
sagemaker, cloudformation, s3 = (session.client(name) for name in ("sagemaker", "cloudformation", "s3"))
account = session.client("sts").get_caller_identity()["Account"]
print(f"{identity} in {account}")

# %% [markdown]
# ## The domain's projects
#
# A project belongs to the environment when its tags say so, or when it has none and was created from the environment's
# domain.


# %% list-projects
def listed(client, operation, rows, **given):
    return [row for page in client.get_paginator(operation).paginate(**given) for row in page[rows]]


def tags_of(arn):
    return {tag["Key"]: tag["Value"] for tag in listed(sagemaker, "list_tags", "Tags", ResourceArn=arn)}


def belongs(project, tags):
    if {"EnvironmentName", "EnvironmentType"} <= tags.keys():
        return f"{tags['EnvironmentName']}-{tags['EnvironmentType']}" == identity
    return project.get("CreatedBy", {}).get("DomainId") == environment["DOMAIN_ID"]


def bucket_tags(bucket):
    try:
        return {tag["Key"]: tag["Value"] for tag in s3.get_bucket_tagging(Bucket=bucket)["TagSet"]}
    except s3.exceptions.ClientError as problem:
        if problem.response["Error"]["Code"] not in ("NoSuchTagSet", "NoSuchBucket"):
            raise
        return {}


def holdings(project):
    """What has to go with a project: all of it carries the project's id."""
    full = f"{project['ProjectName']}-{project['ProjectId']}"
    sets = [row["StackSetName"] for row in listed(cloudformation, "list_stack_sets", "Summaries", Status="ACTIVE")]
    groups = listed(sagemaker, "list_model_package_groups", "ModelPackageGroupSummaryList", NameContains=full)
    pipelines = listed(sagemaker, "list_pipelines", "PipelineSummaries", PipelineNamePrefix=f"sagemaker-{full}")
    buckets = [row["Name"] for row in s3.list_buckets(Prefix="sm-mlops-cp-")["Buckets"]]
    return {
        "stack sets": [name for name in sets if name.startswith(f"sagemaker-{full}-deploy-")],
        "buckets": [name for name in buckets if bucket_tags(name).get("SageMakerProjectId") == project["ProjectId"]],
        "model package groups": [name for row in groups if (name := row["ModelPackageGroupName"]) == full],
        "SageMaker pipelines": [name for row in pipelines if (name := row["PipelineName"]) == f"sagemaker-{full}"],
    }


projects = {}
for row in listed(sagemaker, "list_projects", "ProjectSummaryList"):
    if row["ProjectStatus"] != "DeleteCompleted":
        project = sagemaker.describe_project(ProjectName=row["ProjectName"])
        if belongs(project, tags_of(project["ProjectArn"])):
            projects[row["ProjectName"]] = (project, holdings(project))
for name, (project, held) in sorted(projects.items()):
    print(f"{name} ({project['ProjectId']}): {project['ProjectStatus']}")
    for kind, found in held.items():
        print(f"  {kind}: {', '.join(found) or 'none'}")
print(f"{len(projects)} projects")

# %% [markdown]
# ## Which of them?
#
# Write their names into `DELETE` above and run from there; everything in it goes, in every account. Nothing is deleted
# else.

# %% what-goes
unknown = sorted(set(DELETE) - projects.keys())
if unknown:
    raise LookupError(f"DELETE: {', '.join(unknown)}: no project of {identity}")
for name in DELETE:
    print(f"deletes {name}{' with its models' if DELETE_MODELS else ''}")
for name in sorted(projects.keys() - set(DELETE)):
    print(f"keeps {name}")

# %% [markdown]
# ## Endpoints in the target accounts
#
# First, because they need roles and parameters that go later. An account that resists stops everything here, with its
# reason.


# %% delete-endpoints
def finished(stack_set, operation):
    while True:
        answer = cloudformation.describe_stack_set_operation(StackSetName=stack_set, OperationId=operation)
        status = answer["StackSetOperation"]["Status"]
        if status not in ("RUNNING", "QUEUED", "STOPPING"):
            return status
        time.sleep(POLL_SECONDS)


def delete_stack_set(name):
    instances = listed(cloudformation, "list_stack_instances", "Summaries", StackSetName=name)
    accounts, regions = ({row[key] for row in instances} for key in ("Account", "Region"))
    if instances:
        operation = cloudformation.delete_stack_instances(
            StackSetName=name, Accounts=sorted(accounts), Regions=sorted(regions), RetainStacks=False
        )["OperationId"]
        status = finished(name, operation)
        results = {"StackSetName": name, "OperationId": operation}
        for row in listed(cloudformation, "list_stack_set_operation_results", "Summaries", **results):
            if row["Status"] != "SUCCEEDED":
                print(f"  {row['Account']}: {row['Status']}: {row.get('StatusReason', '')}")
        if status != "SUCCEEDED":
            raise RuntimeError(f"{name}: {status}")
    cloudformation.delete_stack_set(StackSetName=name)
    print(f"deleted {name} in {len(accounts)} accounts")


for name in DELETE:
    for stack_set in projects[name][1]["stack sets"]:
        delete_stack_set(stack_set)

# %% [markdown]
# ## The projects themselves
#
# SageMaker deletes the project's stack: repository, builds, pipeline and roles.


# %% delete-projects
def status_of(name):
    try:
        return sagemaker.describe_project(ProjectName=name)["ProjectStatus"]
    except sagemaker.exceptions.ClientError as problem:
        if "does not exist" not in str(problem):
            raise
        return "DeleteCompleted"


for name in DELETE:
    sagemaker.delete_project(ProjectName=name)
    while (status := status_of(name)) in ("DeleteInProgress", "Pending"):
        time.sleep(POLL_SECONDS)
    if status != "DeleteCompleted":
        raise RuntimeError(f"project {name}: {status}; the events of its stack say why")
    print(f"deleted the project {name}")


# %% [markdown]
# ## Their artifact buckets
#
# They outlive their stacks on purpose. Every version of every object goes.


# %% delete-buckets
def delete_bucket(bucket):
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        rows = page.get("Versions", []) + page.get("DeleteMarkers", [])
        objects = [{"Key": row["Key"], "VersionId": row["VersionId"]} for row in rows]
        errors = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects}).get("Errors") if objects else None
        if errors:
            raise RuntimeError(f"{bucket}: {errors[0]['Key']}: {errors[0]['Message']}")
    s3.delete_bucket(Bucket=bucket)
    print(f"deleted the bucket {bucket}")


for name in DELETE:
    for bucket in projects[name][1]["buckets"]:
        delete_bucket(bucket)

# %% [markdown]
# ## Their models, where you said so
#
# The history of a model's versions cannot be brought back.

# %% delete-models
for name in DELETE if DELETE_MODELS else ():
    for group in projects[name][1]["model package groups"]:
        for row in listed(sagemaker, "list_model_packages", "ModelPackageSummaryList", ModelPackageGroupName=group):
            sagemaker.delete_model_package(ModelPackageName=row["ModelPackageArn"])
        sagemaker.delete_model_package_group(ModelPackageGroupName=group)
        print(f"deleted the model package group {group}")
    for pipeline in projects[name][1]["SageMaker pipelines"]:
        sagemaker.delete_pipeline(PipelineName=pipeline, ClientRequestToken=pipeline.ljust(32, "-"))
        print(f"deleted the SageMaker pipeline {pipeline}")

# %% [markdown]
# ## The rest of the environment
#
# A notebook cannot delete the domain that it may run in. These are the commands that remain, for each way to deploy;
# the stack that this environment came from is found by its domain. Without `--purge` data, keys and Studio's file
# system stay.

# %% remaining-commands
resource = cloudformation.describe_stack_resources(PhysicalResourceId=environment["DOMAIN_ID"])["StackResources"][0]
[domain_stack] = cloudformation.describe_stacks(StackName=resource["StackId"])["Stacks"]
root = domain_stack["RootId"].split("/")[1]
if root.startswith("SC-"):
    way = "Service Catalog"
else:
    way = "core-main and env-main" if domain_stack["ParentId"] == domain_stack["RootId"] else "the quickstart"
COMMANDS = {
    "core-main and env-main": ["mlz destroy --purge"],
    "Service Catalog": ["mlz destroy projects products targets env --purge", "mlz destroy core"],
    "the quickstart": ["mlz destroy projects products targets env --purge"],  # core goes with its stack
}
print(f"This environment came from {way}, stack {root}. Say so in mlz.yaml:\n  env: {{stack_name: {root}}}")
for source, commands in COMMANDS.items():
    print(f"\nDeployed from {source}{' (this one)' if source == way else ''}:")
    for command in [f"{commands[0]} --plan", *commands]:
        print(f"  {command}")
print("\nThen, when no other environment uses them, the releases in the package bucket:\n  mlz destroy packages")
