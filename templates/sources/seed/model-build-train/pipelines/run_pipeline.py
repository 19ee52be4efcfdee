"""Creates or updates a pipeline, starts it and waits for its end; exits 1 with the failed steps' reasons."""

import argparse
import importlib
import sys

from botocore.exceptions import WaiterError

from pipelines.environment import from_variables
from pipelines.session import pipeline_session

POLL_SECONDS = 60
MAX_POLLS = 470  # a little less than the build's eight hours


def main(given: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--module", required=True, help="module with get_pipeline, such as pipelines.abalone.pipeline")
    parser.add_argument("--input", required=True, help="S3 address of the data")
    arguments = parser.parse_args(given)
    environment = from_variables()
    pipeline = importlib.import_module(arguments.module).get_pipeline(
        environment, pipeline_session(environment), arguments.input
    )
    pipeline.upsert(role_arn=environment.pipeline_role_arn, tags=environment.tags)
    execution = pipeline.start(parameters={"InputDataUrl": arguments.input})
    print(f"started {execution.arn}")
    try:
        execution.wait(delay=POLL_SECONDS, max_attempts=MAX_POLLS)
    except WaiterError as problem:
        print(f"{execution.arn}: {problem}", file=sys.stderr)
    steps = execution.list_steps()
    for step in reversed(steps):
        print(f"{step['StepName']}: {step['StepStatus']} {step.get('FailureReason', '')}".rstrip())
    return 0 if execution.describe()["PipelineExecutionStatus"] == "Succeeded" else 1


if __name__ == "__main__":
    sys.exit(main())
