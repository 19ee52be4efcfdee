"""Prints a pipeline's definition as JSON."""

import argparse
import importlib
import json

from pipelines.environment import from_variables
from pipelines.session import pipeline_session


def main(given: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--module", required=True, help="module with get_pipeline, such as pipelines.abalone.pipeline")
    parser.add_argument("--input", required=True, help="S3 address of the data")
    arguments = parser.parse_args(given)
    environment = from_variables()
    pipeline = importlib.import_module(arguments.module).get_pipeline(
        environment, pipeline_session(environment), arguments.input
    )
    print(json.dumps(json.loads(pipeline.definition()), indent=2))


if __name__ == "__main__":
    main()
