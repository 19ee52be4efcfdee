"""Condition elements: operators over keys, with quantifiers, IfExists and Null."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from generator.access.comparison import TESTS, WITH_VARIABLES, Test
from generator.access.context import Context, Missing
from generator.access.match import Text, text_of
from generator.access.truth import Truth, every, negation, some
from generator.errors import ToolError

_QUANTIFIERS = ("", "foranyvalue", "forallvalues")


@dataclass(frozen=True, slots=True)
class Condition:
    """One operator on one key. `test` is None for the operator Null; `key` is in lower case."""

    key: str
    values: tuple[Text, ...]
    test: Test | None
    quantifier: str = ""
    negated: bool = False
    optional: bool = False

    def holds(self, context: Context) -> Truth:
        given = context.value(self.key)
        if given is Missing.UNKNOWN:
            return None
        if self.test is None:
            return self._is_null(given is Missing.ABSENT)
        if isinstance(given, Missing):
            return self._holds_without()
        patterns = [value.resolved(context) for value in self.values]
        if isinstance(given, tuple) and not self.quantifier:
            # IAM asks for a set operator on a multi-valued key, and does not say what happens without one.
            return None
        values = (given,) if isinstance(given, str) else given
        results = (covers(patterns, value, self.test, negated=self.negated) for value in values)
        return every(results) if self.quantifier == "forallvalues" else some(results)

    def _is_null(self, absent: bool) -> Truth:
        wanted = {str(value.parts[0]).lower() for value in self.values if value.parts}
        return str(absent).lower() in wanted

    def _holds_without(self) -> Truth:
        """A key that is not there matches nothing: what asks for no match is met (IAM User Guide, operators)."""
        if self.quantifier == "foranyvalue":
            # The one page says false for ForAnyValue, the other true for IfExists.
            return None if self.optional else False
        return self.optional or self.negated or self.quantifier == "forallvalues"


def covers(patterns: Sequence[str | Missing], given: str, test: Test, *, negated: bool) -> Truth:
    """Whether a value meets any pattern, or if `negated`, none.

    A variable without a value makes a pattern match nothing, and a negation invalid (IAM User Guide, policy variables).
    Texts that cannot be compared, such as a word as a number, do not match; what their negation does, AWS does not say.
    """
    if negated and Missing.ABSENT in patterns:
        return False
    results = [_met(pattern, given, test) for pattern in patterns]
    if negated:
        return negation(some(results))
    unresolved = Missing.UNKNOWN in patterns
    return True if True in results else None if unresolved else False


def _met(pattern: str | Missing, given: str, test: Test) -> Truth:
    if isinstance(pattern, Missing):
        return False if pattern is Missing.ABSENT else None
    return test(pattern, given)


def conditions_of(where: str, element: Mapping[str, Any], *, variables: bool) -> Iterator[Condition]:
    """The conditions of a statement, all of which must hold; ToolError for an operator that IAM does not have."""
    for operator, keys in element.items():
        for key, values in keys.items():
            yield _condition(where, operator, key.lower(), values, variables)


def _condition(where: str, operator: str, key: str, values: Any, variables: bool) -> Condition:
    quantifier, _, name = operator.lower().rpartition(":")
    plain, optional = name.removesuffix("ifexists"), name.endswith("ifexists")
    negated = "not" in plain
    test = TESTS.get(plain.replace("not", ""))
    if quantifier not in _QUANTIFIERS or (test is None and (plain != "null" or optional)):
        raise ToolError(
            f"{where}: unknown condition operator {operator}", "see the operators of IAM's Condition element"
        )
    listed = values if isinstance(values, (list, tuple)) else [values]
    texts = tuple(
        text_of(_written(value), variables=variables and plain.startswith(WITH_VARIABLES)) for value in listed
    )
    return Condition(key, texts, test, quantifier, negated, optional)


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
