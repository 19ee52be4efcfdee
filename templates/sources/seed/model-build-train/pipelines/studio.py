"""What the notebooks share: the variables of a build, from what the notebook 00-setup kept; and making a pipeline."""

import json
from pathlib import Path
from typing import Any

from pipelines.environment import Environment

KEPT = Path.home() / "mlops-environment.json"


def variables(project: dict[str, Any], pipeline_name: str = "", kept: Path = KEPT) -> dict[str, str]:
    """The variables that `environment.from_variables` reads; `project` is DescribeProject's answer.

    Without `pipeline_name` the pipeline is the one that the project's build keeps.
    """
    if not kept.is_file():
        raise FileNotFoundError(f"{kept}: run the notebook 00-setup first")
    published = json.loads(kept.read_text())
    name, identity = project["ProjectName"], project["ProjectId"]
    return {
        "SAGEMAKER_PROJECT_NAME": name,
        "SAGEMAKER_PROJECT_ID": identity,
        "SAGEMAKER_PIPELINE_NAME": pipeline_name or f"sagemaker-{name}-{identity}",
        "SAGEMAKER_PIPELINE_ROLE_ARN": published["PIPELINE_EXECUTION_ROLE_ARN"],
        "SAGEMAKER_PROCESSING_ROLE_ARN": published["EXECUTION_ROLE_ARN"],
        "SAGEMAKER_TRAINING_ROLE_ARN": published["EXECUTION_ROLE_ARN"],
        "SAGEMAKER_KMS_KEY_ID": published["S3_KMS_KEY_ARN"],
        "SAGEMAKER_VOLUME_KMS_KEY_ID": published["EBS_KMS_KEY_ARN"],
        "SAGEMAKER_SUBNET_IDS": published["SUBNET_IDS"],
        "SAGEMAKER_SECURITY_GROUPS": published["SECURITY_GROUP_IDS"],
        **{name: published[name] for name in ("ENV_NAME", "ENV_TYPE", "DATA_BUCKET", "MODEL_BUCKET", "AWS_REGION")},
    }


def upsert(sagemaker: Any, environment: Environment, definition: str) -> None:
    """Create the environment's pipeline, or give it a new definition where it exists."""
    name = environment.pipeline_name
    request = {"PipelineName": name, "PipelineDefinition": definition, "RoleArn": environment.pipeline_role_arn}
    known = sagemaker.list_pipelines(PipelineNamePrefix=name)["PipelineSummaries"]
    if name in [row["PipelineName"] for row in known]:
        sagemaker.update_pipeline(**request)
    else:
        sagemaker.create_pipeline(**request, ClientRequestToken=name.ljust(32, "-"), Tags=environment.tags)
