"""What breaks a rule and what is done about it: decisions over descriptions that SageMaker gives, without a call."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Description = Mapping[str, Any]

OUTSIDE_VPC = "outside-vpc"
OPEN_TO_INTERNET = "open-to-internet"
NO_CUSTOMER_KEY = "no-customer-key"
ROOT_ACCESS = "root-access"
RULES = (OUTSIDE_VPC, OPEN_TO_INTERNET, NO_CUSTOMER_KEY, ROOT_ACCESS)

TEXTS = {
    OUTSIDE_VPC: "runs without subnets of a VPC",
    OPEN_TO_INTERNET: "has a way to the internet of its own",
    NO_CUSTOMER_KEY: "keeps data that no customer key encrypts",
    ROOT_ACCESS: "gives its users root",
}

STOP = "stop"
DELETE = "delete"

# What is not in this table is reported only: nothing that holds people's work (a domain) or that serves well but for
# its key (an endpoint) is taken away by a machine.
CORRECTIONS: Mapping[tuple[str, str], str] = {
    ("training-job", OUTSIDE_VPC): STOP,
    ("training-job", NO_CUSTOMER_KEY): STOP,
    ("processing-job", OUTSIDE_VPC): STOP,
    ("processing-job", NO_CUSTOMER_KEY): STOP,
    ("notebook-instance", OUTSIDE_VPC): STOP,
    ("notebook-instance", OPEN_TO_INTERNET): STOP,
    ("endpoint", OUTSIDE_VPC): DELETE,
    ("model", OUTSIDE_VPC): DELETE,
}


@dataclass(frozen=True)
class Finding:
    """One rule that one resource breaks."""

    kind: str
    name: str
    arn: str
    rule: str

    @property
    def text(self) -> str:
        return f"{self.kind} {self.name} {TEXTS[self.rule]}"


def findings(kind: str, name: str, description: Description) -> list[Finding]:
    """The rules that a resource breaks, in a fixed order."""
    arn = str(description[ARN_KEYS[kind]])
    return [Finding(kind, name, arn, rule) for rule in sorted(set(CHECKS[kind](description)))]


def correction(finding: Finding) -> str:
    """`stop`, `delete`, or the empty string for a report only."""
    return CORRECTIONS.get((finding.kind, finding.rule), "")


def has_own_storage(instance_type: str) -> bool:
    """Whether SageMaker refuses a volume key for this instance type, since its storage encrypts itself."""
    parts = instance_type.split(".")
    return len(parts) == 3 and parts[1] in _facts()["own_storage"]["families"]


def _facts() -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((Path(__file__).parent / "instances.json").read_text())
    return facts


def _notebook(description: Description) -> Iterator[str]:
    if not description.get("SubnetId"):
        yield OUTSIDE_VPC
    if description.get("DirectInternetAccess") != "Disabled":
        yield OPEN_TO_INTERNET
    if not description.get("KmsKeyId"):
        yield NO_CUSTOMER_KEY
    if description.get("RootAccess") != "Disabled":
        yield ROOT_ACCESS


def _training(description: Description) -> Iterator[str]:
    if not description.get("VpcConfig"):
        yield OUTSIDE_VPC
    resources = description.get("ResourceConfig", {})
    if not description.get("OutputDataConfig", {}).get("KmsKeyId") or _volume_is_bare(resources):
        yield NO_CUSTOMER_KEY


def _processing(description: Description) -> Iterator[str]:
    if not description.get("NetworkConfig", {}).get("VpcConfig"):
        yield OUTSIDE_VPC
    output = description.get("ProcessingOutputConfig")
    cluster = description.get("ProcessingResources", {}).get("ClusterConfig", {})
    if (output and not output.get("KmsKeyId")) or _volume_is_bare(cluster):
        yield NO_CUSTOMER_KEY


def _model(description: Description) -> Iterator[str]:
    if not description.get("VpcConfig"):
        yield OUTSIDE_VPC


def _endpoint(description: Description) -> Iterator[str]:
    """An endpoint's description holds its configuration and models, under Config and Models."""
    configuration = description["Config"]
    if any(not model.get("VpcConfig") for model in description["Models"]):
        yield OUTSIDE_VPC
    types = [variant.get("InstanceType", "") for variant in configuration.get("ProductionVariants", [])]
    if not configuration.get("KmsKeyId") and any(kind and not has_own_storage(kind) for kind in types):
        yield NO_CUSTOMER_KEY


def _domain(description: Description) -> Iterator[str]:
    if description.get("AppNetworkAccessType") != "VpcOnly":
        yield OPEN_TO_INTERNET
    if not description.get("KmsKeyId"):
        yield NO_CUSTOMER_KEY


def _volume_is_bare(resources: Description) -> bool:
    """No key for the volume of an instance that could have one; groups of instances count one by one."""
    types = [group["InstanceType"] for group in resources.get("InstanceGroups", [])] or [resources.get("InstanceType")]
    return not resources.get("VolumeKmsKeyId") and any(kind and not has_own_storage(kind) for kind in types)


CHECKS: Mapping[str, Callable[[Description], Iterator[str]]] = {
    "notebook-instance": _notebook,
    "training-job": _training,
    "processing-job": _processing,
    "model": _model,
    "endpoint": _endpoint,
    "domain": _domain,
}
ARN_KEYS: Mapping[str, str] = {
    "notebook-instance": "NotebookInstanceArn",
    "training-job": "TrainingJobArn",
    "processing-job": "ProcessingJobArn",
    "model": "ModelArn",
    "endpoint": "EndpointArn",
    "domain": "DomainArn",
}
