"""The error that an AWS client sees: a code, a message, and an HTTP status."""

from __future__ import annotations

import traceback
from pathlib import Path


class AwsError(Exception):
    """Answered to the client in the service's own protocol; `code` is what botocore puts in `Error.Code`."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def validation_error(message: str) -> AwsError:
    """CloudFormation's answer to nearly everything that a client did wrong."""
    return AwsError("ValidationError", message)


def internal_failure(error: Exception) -> AwsError:
    """A defect of the sandbox or of moto, with the place where it arose."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(frame.filename).name}:{frame.lineno}"
    return AwsError("InternalFailure", f"the sandbox failed: {type(error).__name__}: {error} ({place})", 500)


def not_implemented(service: str, operation: str) -> AwsError:
    """A clear refusal: the sandbox never pretends to have done what it cannot do."""
    return AwsError("NotImplemented", f"the sandbox does not implement {service}:{operation}", 501)
