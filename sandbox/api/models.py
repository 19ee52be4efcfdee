"""botocore's service models: the shapes by which requests are read and answers written."""

from __future__ import annotations

import functools

from botocore.loaders import Loader
from botocore.model import OperationModel, OperationNotFoundError, ServiceModel


@functools.cache
def service_model(service: str) -> ServiceModel:
    """The newest model of a service, by botocore's name for it (`cloudformation`, `sts`)."""
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


def operation_model(service: str, operation: str) -> OperationModel | None:
    """The operation's model; None when the service has no such operation."""
    try:
        return service_model(service).operation_model(operation)
    except OperationNotFoundError:
        return None
