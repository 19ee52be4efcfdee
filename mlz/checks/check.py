"""One finding, and how a look that AWS refuses becomes one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from generator.errors import ToolError

State = Literal["ok", "warning", "failed", "unknown"]
# Error codes of AWS, and of an AWS that is embedded, for: this caller, or this place, cannot be asked.
UNANSWERED = (
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedOperation",
    "NotImplemented",
    "InvalidAction",
    "UnknownOperationException",
    "NoSuchResourceException",
)


@dataclass(frozen=True)
class Check:
    """One finding of the doctor."""

    what: str
    state: State
    detail: str
    hint: str = ""


Checks: TypeAlias = tuple[Check, ...]


def guarded(what: str, look: Callable[[], Checks]) -> Checks:
    """What `look` finds; a question that nobody answers is `unknown`, every other problem of it is `failed`."""
    try:
        return look()
    except ToolError as problem:
        if getattr(problem, "code", "") in UNANSWERED:
            return (Check(what, "unknown", f"cannot be asked here: {problem.message}", problem.hint),)
        return (Check(what, "failed", problem.message, problem.hint),)
