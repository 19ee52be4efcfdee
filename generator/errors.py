"""The errors that a person is meant to read: what is wrong, where, and what to do about it."""

from __future__ import annotations


class ToolError(Exception):
    """One problem for the user: `where: what`, then a hint; the program prints both and exits with `exit_code`."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\nhint: {self.hint}" if self.hint else self.message


class WiringError(ToolError):
    """A template uses a parameter, condition, output or child that does not exist as used; raised at generation."""


class GateError(ToolError):
    """A check that guards a deployment (lint, policy) has findings."""

    exit_code = 3


class AccountsFailed(ToolError):
    """A stack set operation ended with some accounts not converged."""

    exit_code = 4


class StalePlan(ToolError):
    """The state that a plan was made from is no longer the state of the service."""
