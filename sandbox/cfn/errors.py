"""The error that a CloudFormation caller sees: a code, AWS's words, and the HTTP status that carries them."""

from __future__ import annotations


class CfnError(Exception):
    """`code` is the query API's error code; `status` its HTTP status (400 for nearly all of them)."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


class ResourceError(Exception):
    """A resource could not be created, updated or deleted; the message becomes its event's status reason."""

    def __init__(self, reason: str, code: str = "GeneralServiceException", physical_id: str = "") -> None:
        """`physical_id` is set when something came to be nevertheless, and a rollback has to delete it."""
        super().__init__(reason)
        self.reason = reason
        self.code = code
        self.physical_id = physical_id


class MissingError(ResourceError):
    """The physical thing is gone already; a delete counts this as done."""


class DeploymentError(Exception):
    """Applying a template stopped; the reason is the stack's, the resources' own are in their events."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def invalid(message: str) -> CfnError:
    return CfnError("ValidationError", message)
