"""The SageMaker session that a pipeline is written with."""

import boto3
from sagemaker.core.workflow.pipeline_context import PipelineSession

from pipelines.environment import Environment


def pipeline_session(environment: Environment) -> PipelineSession:
    """A session whose uploads go to the environment's data bucket, so that no bucket is made on the side."""
    return PipelineSession(
        boto_session=boto3.Session(region_name=environment.region), default_bucket=environment.data_bucket
    )
