"""Wildcards and policy variables: texts of a policy against values of a request."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from generator.access.context import Context, Missing
from generator.access.truth import Truth
from generator.errors import ToolError

# Characters of Unicode's private area: `*` and `?` that are meant literally, in ${*} and in the value of a variable.
_LITERAL = str.maketrans({"*": "\ue000", "?": "\ue001"})
_PLAIN = str.maketrans({"\ue000": "*", "\ue001": "?"})
_VARIABLE = re.compile(r"\$\{\s*(?:(?P<escape>[*?$])|(?P<key>[^},'\s]+)(?:,\s+'(?P<default>[^']*)')?)\s*\}")
_ARN_PARTS = 6


@dataclass(frozen=True, slots=True)
class Variable:
    """`${key, 'default'}`; `key` in lower case."""

    key: str
    default: str | None


@dataclass(frozen=True, slots=True)
class Text:
    """A text of a policy, cut at its variables."""

    parts: tuple[str | Variable, ...]

    def resolved(self, context: Context) -> str | Missing:
        """The pattern for this request; ABSENT, which matches nothing, where a variable has no value."""
        if len(self.parts) == 1 and isinstance(self.parts[0], str):
            return self.parts[0]
        found = [part if isinstance(part, str) else _value(part, context) for part in self.parts]
        for missing in (Missing.ABSENT, Missing.UNKNOWN):
            if missing in found:
                return missing
        return "".join(str(part) for part in found)


def text_of(written: str, *, variables: bool) -> Text:
    """`variables` is false in documents before version 2012-10-17, where `${` is only text."""
    if not variables or "${" not in written:
        return Text((written,))
    if _VARIABLE.sub("", written).find("${") >= 0:
        raise ToolError(
            f"{written}: a policy variable that is none", "write ${key}, ${key, 'default'}, or ${$} for a $"
        )
    parts: list[str | Variable] = []
    end = 0
    for found in _VARIABLE.finditer(written):
        parts.append(written[end : found.start()])
        parts.append(_part(found))
        end = found.end()
    parts.append(written[end:])
    if any(isinstance(part, Variable) for part in parts):
        return Text(tuple(part for part in parts if part != ""))
    return Text(("".join(str(part) for part in parts),))


def _part(found: re.Match[str]) -> str | Variable:
    if found["escape"]:
        return found["escape"].translate(_LITERAL)
    return Variable(found["key"].lower(), found["default"])


def _value(variable: Variable, context: Context) -> str | Missing:
    value = context.value(variable.key)
    if isinstance(value, str):
        return value.translate(_LITERAL)
    if value is Missing.UNKNOWN:
        return value
    # A multi-valued key cannot be put into a text (IAM User Guide, policy variables).
    return Missing.ABSENT if variable.default is None else variable.default.translate(_LITERAL)


def plain(pattern: str) -> str:
    """A resolved text as it reads, for comparison without wildcards."""
    return pattern.translate(_PLAIN)


def like(pattern: str, value: str) -> bool:
    """Whether the whole value matches; `*` stands for any characters, `?` for one; case counts."""
    return pattern == "*" or _compiled(pattern).fullmatch(value) is not None


def arn_like(pattern: str, value: str) -> Truth:
    """Each of the six parts of an ARN by itself, so that no `*` reaches over a colon of the first five.

    None where one of them is no ARN: that cannot be compared.
    """
    expression = _compiled_arn(pattern)
    if expression is None or value.count(":") < _ARN_PARTS - 1:
        return None
    return expression.fullmatch(value) is not None


@lru_cache(maxsize=65536)
def any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """One expression for several patterns, ignoring case: what names of actions are matched with."""
    return re.compile("|".join(_expression(pattern) for pattern in patterns), re.IGNORECASE | re.DOTALL)


@lru_cache(maxsize=65536)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(_expression(pattern), re.DOTALL)


@lru_cache(maxsize=65536)
def _compiled_arn(pattern: str) -> re.Pattern[str] | None:
    parts = pattern.split(":", _ARN_PARTS - 1)
    if len(parts) != _ARN_PARTS:
        return None
    head = (_expression(part, anything="[^:]*", one="[^:]") for part in parts[:-1])
    return re.compile(":".join((*head, _expression(parts[-1]))), re.DOTALL)


def _expression(pattern: str, *, anything: str = ".*", one: str = ".") -> str:
    return "".join(
        anything if part == "*" else one if part == "?" else re.escape(part.translate(_PLAIN))
        for part in re.split(r"([*?])", pattern)
    )


def resource_like(pattern: str, resource: str) -> bool:
    """A resource of a statement; an ARN with fewer than six parts is filled up with wildcards."""
    if pattern == "*":
        return True
    if resource == "*" or not pattern.startswith("arn:"):
        return like(pattern, resource)
    missing = _ARN_PARTS - len(pattern.split(":", _ARN_PARTS - 1))
    return arn_like(pattern + ":*" * missing, resource) is True
