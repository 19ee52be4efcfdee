"""The training pipeline's definition as the SDK makes it, and what it was made from: `make seed-definition`."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3

from sandbox.server import Sandbox
from tests.seed.seeds import SEEDS

SEED = SEEDS / "model-build-train"
GOLDEN = Path(__file__).parent / "definition.json"
SOURCES = Path(__file__).parent / "definition.sources.json"
ACCOUNT, REGION = "111111111111", "eu-west-1"
DATA = "s3://data-bucket/datasets/p-abc/abalone.csv"
MODULE = ("--module", "pipelines.abalone.pipeline", "--input", DATA)
VARIABLES = {
    "SAGEMAKER_PROJECT_NAME": "ages",
    "SAGEMAKER_PROJECT_ID": "p-abc",
    "ENV_NAME": "sm-mlops",
    "ENV_TYPE": "dev",
    "DATA_BUCKET": "data-bucket",
    "MODEL_BUCKET": "model-bucket",
    "SAGEMAKER_PIPELINE_NAME": "sagemaker-ages",
    "SAGEMAKER_PIPELINE_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/pipeline",
    "SAGEMAKER_PROCESSING_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/processing",
    "SAGEMAKER_TRAINING_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/training",
    "SAGEMAKER_KMS_KEY_ID": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/buckets",
    "SAGEMAKER_VOLUME_KMS_KEY_ID": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/volumes",
    "SAGEMAKER_SUBNET_IDS": "subnet-1,subnet-2",
    "SAGEMAKER_SECURITY_GROUPS": "sg-1",
    "AWS_REGION": REGION,
}


def sdk() -> str:
    """A Python that has the SageMaker SDK: SEED_PYTHON, else this one, else none."""
    here = sys.executable if importlib.util.find_spec("sagemaker") else ""
    return os.environ.get("SEED_PYTHON", here)


@contextmanager
def running() -> Iterator[Sandbox]:
    """An AWS with the data bucket, to which the SDK uploads the job scripts."""
    with Sandbox() as made:
        client = boto3.client("s3", region_name=REGION, endpoint_url=made.endpoint, **made.credentials(ACCOUNT))
        client.create_bucket(Bucket="data-bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
        yield made


def with_sdk(aws: Sandbox, *command: str) -> subprocess.CompletedProcess[str]:
    """A command of the repository, as its buildspec runs it."""
    spec = (SEED / "buildspec.yml").read_text()
    given = dict(re.findall(r"^ {4}(SAGEMAKER_\w+): '?([\w.-]+)'?$", spec, re.MULTILINE))
    environment = {**os.environ, **VARIABLES, **given, **aws.environment(ACCOUNT, REGION), "PYTHONPATH": "."}
    return subprocess.run(
        [sdk(), *command], cwd=SEED, env={**environment, "PYTHONDONTWRITEBYTECODE": "1"}, capture_output=True, text=True
    )


def made(aws: Sandbox) -> dict[str, Any]:
    """The definition; the digests of the job scripts' places, which follow the scripts, are left out."""
    done = with_sdk(aws, "-m", "pipelines.get_pipeline_definition", *MODULE)
    assert done.returncode == 0, done.stderr
    text = re.sub(r"/code/[0-9a-f]{64}/", "/code/<digest>/", done.stdout[done.stdout.index("{\n") :])
    definition: dict[str, Any] = json.loads(text)
    return definition


def sources() -> dict[str, str]:
    """Digest of each file that the definition is made from; the SDK and its settings are among them."""
    files = [*SEED.glob("pipelines/**/*.py"), SEED / "requirements.txt", SEED / "sagemaker-config.yaml"]
    return {str(one.relative_to(SEED)): hashlib.sha256(one.read_bytes()).hexdigest() for one in sorted(files)}


def main() -> None:
    with running() as aws:
        definition = made(aws)
    for path, content in ((GOLDEN, definition), (SOURCES, sources())):
        path.write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    main()
