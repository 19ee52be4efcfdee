"""Custom::StartBuild: runs a CodeBuild project and answers when it has ended. Inline code: at most 4,096 bytes."""

import time

import boto3
import cfnresponse

POLL_SECONDS = 5
SPARE_MILLISECONDS = 30_000


def handler(event, context):
    """Create and Update run the build; Delete has nothing to undo. Every outcome is answered."""
    project = event.get("ResourceProperties", {}).get("ProjectName", "")
    data, reason = {}, None
    try:
        if event["RequestType"] != "Delete":
            data = run(boto3.client("codebuild"), project, context)
        status = cfnresponse.SUCCESS
    except Exception as problem:
        status, reason = cfnresponse.FAILED, f"{project}: {problem or type(problem).__name__}"
    cfnresponse.send(event, context, status, data, f"build-of-{project}", reason=reason)


def run(codebuild, project, context):
    """Start the build and wait for its end; raises with the failed phase's message."""
    build = codebuild.start_build(projectName=project)["build"]
    while build["buildStatus"] == "IN_PROGRESS":
        if context.get_remaining_time_in_millis() < SPARE_MILLISECONDS + POLL_SECONDS * 1000:
            raise TimeoutError(f"build {build['id']} still runs; when it has ended, update the stack")
        time.sleep(POLL_SECONDS)
        build = codebuild.batch_get_builds(ids=[build["id"]])["builds"][0]
    if build["buildStatus"] != "SUCCEEDED":
        raise RuntimeError(f"build {build['id']} ended {build['buildStatus']}: {cause(build)}")
    return {"BuildId": build["id"]}


def cause(build):
    """The message of the first phase that failed."""
    for phase in build.get("phases", []):
        for told in phase.get("contexts", []):
            if phase.get("phaseStatus") not in (None, "SUCCEEDED") and told.get("message"):
                return f"{phase['phaseType']}: {told['message']}"
    return "see its log"
