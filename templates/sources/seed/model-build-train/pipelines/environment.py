"""What the build tells a pipeline about the environment it runs in."""

import os
from dataclasses import dataclass

TEXTS = {
    "project_name": "SAGEMAKER_PROJECT_NAME",
    "project_id": "SAGEMAKER_PROJECT_ID",
    "env_name": "ENV_NAME",
    "env_type": "ENV_TYPE",
    "data_bucket": "DATA_BUCKET",
    "model_bucket": "MODEL_BUCKET",
    "pipeline_name": "SAGEMAKER_PIPELINE_NAME",
    "pipeline_role_arn": "SAGEMAKER_PIPELINE_ROLE_ARN",
    "processing_role_arn": "SAGEMAKER_PROCESSING_ROLE_ARN",
    "training_role_arn": "SAGEMAKER_TRAINING_ROLE_ARN",
    "kms_key": "SAGEMAKER_KMS_KEY_ID",
    "volume_key": "SAGEMAKER_VOLUME_KMS_KEY_ID",
    "region": "AWS_REGION",
}
LISTS = {"subnets": "SAGEMAKER_SUBNET_IDS", "security_groups": "SAGEMAKER_SECURITY_GROUPS"}


@dataclass(frozen=True)
class Environment:
    """One value for each variable that the build sets; lists are comma-separated there."""

    project_name: str
    project_id: str
    env_name: str
    env_type: str
    data_bucket: str
    model_bucket: str
    pipeline_name: str
    pipeline_role_arn: str
    processing_role_arn: str
    training_role_arn: str
    kms_key: str
    volume_key: str
    region: str
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]

    @property
    def model_package_group(self) -> str:
        return f"{self.project_name}-{self.project_id}"

    @property
    def tags(self) -> list[dict[str, str]]:
        """The tags of everything that the pipeline makes."""
        values = {
            "sagemaker:project-name": self.project_name,
            "sagemaker:project-id": self.project_id,
            "EnvironmentName": self.env_name,
            "EnvironmentType": self.env_type,
        }
        return [{"Key": key, "Value": value} for key, value in values.items()]


def from_variables(variables: dict[str, str] | None = None) -> Environment:
    """Read the environment; names every variable that is missing or empty."""
    given = os.environ if variables is None else variables
    missing = sorted(name for name in (*TEXTS.values(), *LISTS.values()) if not given.get(name))
    if missing:
        raise SystemExit(f"environment: not set: {', '.join(missing)}")
    texts = {field: given[name] for field, name in TEXTS.items()}
    lists = {field: tuple(given[name].split(",")) for field, name in LISTS.items()}
    return Environment(**texts, **lists)
