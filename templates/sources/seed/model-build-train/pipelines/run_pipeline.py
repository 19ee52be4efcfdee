"""Creates or updates a pipeline and starts it; how the execution ends is told by the project's topic."""

import argparse
import importlib

from pipelines.environment import from_variables
from pipelines.session import pipeline_session


def main(given: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--module", required=True, help="module with get_pipeline, such as pipelines.abalone.pipeline")
    parser.add_argument("--input", required=True, help="S3 address of the data")
    parser.add_argument("--run", required=True, help="id of 32 to 128 letters, digits and -; each starts one execution")
    arguments = parser.parse_args(given)
    environment = from_variables()
    session = pipeline_session(environment)
    pipeline = importlib.import_module(arguments.module).get_pipeline(environment, session, arguments.input)
    pipeline.upsert(role_arn=environment.pipeline_role_arn, tags=environment.tags)
    # The SDK's own start takes no token, and a build that is repeated would train once more.
    started = session.sagemaker_client.start_pipeline_execution(
        PipelineName=environment.pipeline_name,
        PipelineExecutionDescription=f"Run {arguments.run} of the delivery pipeline",
        PipelineParameters=[{"Name": "InputDataUrl", "Value": arguments.input}],
        ClientRequestToken=arguments.run,
    )
    print(f"started {started['PipelineExecutionArn']}")


if __name__ == "__main__":
    main()
