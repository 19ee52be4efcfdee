"""Reads what SageMaker runs: everything at present, or the one resource that an API call made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

# SageMaker answers a description of what is gone with either; the text of the second says "Could not find".
GONE = frozenset({"ResourceNotFound", "ValidationException"})

# kind -> (operation, key of the answer, key of the name, further arguments)
LISTS: Mapping[str, tuple[str, str, str, dict[str, str]]] = {
    "notebook-instance": ("list_notebook_instances", "NotebookInstances", "NotebookInstanceName", {}),
    "training-job": ("list_training_jobs", "TrainingJobSummaries", "TrainingJobName", {"StatusEquals": "InProgress"}),
    "processing-job": (
        "list_processing_jobs",
        "ProcessingJobSummaries",
        "ProcessingJobName",
        {"StatusEquals": "InProgress"},
    ),
    "model": ("list_models", "Models", "ModelName", {}),
    "endpoint": ("list_endpoints", "Endpoints", "EndpointName", {}),
    "domain": ("list_domains", "Domains", "DomainId", {}),
}

# API call in CloudTrail -> (kind, where the name is: request or answer, its key)
CALLS: Mapping[str, tuple[str, str, str]] = {
    "CreateNotebookInstance": ("notebook-instance", "requestParameters", "notebookInstanceName"),
    "CreateTrainingJob": ("training-job", "requestParameters", "trainingJobName"),
    "CreateProcessingJob": ("processing-job", "requestParameters", "processingJobName"),
    "CreateModel": ("model", "requestParameters", "modelName"),
    "CreateEndpoint": ("endpoint", "requestParameters", "endpointName"),
    "UpdateEndpoint": ("endpoint", "requestParameters", "endpointName"),
    "UpdateDomain": ("domain", "requestParameters", "domainId"),
    "CreateDomain": ("domain", "responseElements", "domainArn"),
}


def everything(client: Any) -> Iterator[tuple[str, str]]:
    """Kind and name of all resources, and of the jobs that run."""
    for kind, (operation, items, name, arguments) in LISTS.items():
        for page in client.get_paginator(operation).paginate(**arguments):
            for item in page[items]:
                yield kind, str(item[name])


def made_by(call: Mapping[str, Any]) -> tuple[str, str] | None:
    """Kind and name of what an API call made or changed; None for a call that is of no interest, or that failed."""
    known = CALLS.get(str(call.get("eventName")))
    if known is None or call.get("errorCode"):
        return None
    kind, part, key = known
    name = str((call.get(part) or {}).get(key, ""))
    return (kind, name.rpartition("/")[2]) if name else None


def describe(client: Any, kind: str, name: str) -> Mapping[str, Any] | None:
    """What SageMaker says of a resource; None when it is gone. An endpoint comes with its Config and its Models."""
    try:
        return DESCRIBE[kind](client, name)
    except ClientError as error:
        if is_gone(error):
            return None
        raise


def is_gone(error: ClientError) -> bool:
    code, text = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    return code in GONE and (code == "ResourceNotFound" or "not find" in text or "not exist" in text)


def _endpoint(client: Any, name: str) -> dict[str, Any]:
    endpoint = client.describe_endpoint(EndpointName=name)
    configuration = client.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    models = {variant["ModelName"] for variant in configuration["ProductionVariants"] if "ModelName" in variant}
    described = [client.describe_model(ModelName=model) for model in sorted(models)]
    return {**endpoint, "Config": configuration, "Models": described}


DESCRIBE: Mapping[str, Callable[[Any, str], Mapping[str, Any]]] = {
    "notebook-instance": lambda client, name: client.describe_notebook_instance(NotebookInstanceName=name),
    "training-job": lambda client, name: client.describe_training_job(TrainingJobName=name),
    "processing-job": lambda client, name: client.describe_processing_job(ProcessingJobName=name),
    "model": lambda client, name: client.describe_model(ModelName=name),
    "endpoint": _endpoint,
    "domain": lambda client, name: client.describe_domain(DomainId=name),
}
