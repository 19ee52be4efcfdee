"""The Rules section: assertions over parameters, checked before anything is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .errors import invalid
from .intrinsic import text, truth
from .model import JSON
from .template import Template


class Rules:
    """Evaluates rule-specific functions; `ref` reads parameters and pseudo parameters."""

    def __init__(self, template: Template, values: Mapping[str, JSON], ref: Callable[[str], JSON]) -> None:
        self.template = template
        self.values = values
        self.ref = ref

    def check(self) -> None:
        """ValidationError with the AssertDescription of each assertion that does not hold."""
        for name, rule in self.template.rules.items():
            assertions = rule.get("Assertions")
            if not isinstance(assertions, list) or not assertions:
                raise invalid(f"Template format error: Rule {name} must contain a list of Assertions.")
            if "RuleCondition" in rule and not truth(self.value(rule["RuleCondition"])):
                continue
            broken = [item for item in assertions if not truth(self.value(item["Assert"]))]
            if broken:
                reasons = [str(item.get("AssertDescription", f"Rule {name} did not hold")).strip() for item in broken]
                raise invalid(f"Template validation error: {'; '.join(reasons)}")

    def value(self, node: JSON) -> JSON:
        match node:
            case list():
                return [self.value(item) for item in node]
            case dict() if len(node) == 1:
                ((name, argument),) = node.items()
                return self.function(name, argument)
            case dict():
                raise invalid("Template error: a rule's condition must be one function")
            case _:
                return node

    def function(self, name: str, argument: JSON) -> JSON:
        match name, argument:
            case "Ref", str():
                return self.ref(argument)
            case "Fn::RefAll", str():
                return [value for key, value in self.values.items() if self._type(key) == argument]
            case "Fn::ValueOf" | "Fn::ValueOfAll", _:
                raise invalid(f"Template error: {name} needs a resource lookup that this sandbox does not have")
            case "Fn::Contains", [values, wanted]:
                return self.value(wanted) in self._items(values)
            case "Fn::EachMemberEquals", [values, wanted]:
                return all(item == self.value(wanted) for item in self._items(values))
            case "Fn::EachMemberIn", [values, allowed]:
                return set(self._items(values)) <= set(self._items(allowed))
            case "Fn::Equals", [left, right]:
                return text(self.value(left)) == text(self.value(right))
            case "Fn::Not", [term]:
                return not truth(self.value(term))
            case "Fn::And", list():
                return all(truth(self.value(term)) for term in argument)
            case "Fn::Or", list():
                return any(truth(self.value(term)) for term in argument)
            case _:
                raise invalid(f"Template error: {name} is not a rule function, or its arguments do not fit")

    def _items(self, node: JSON) -> list[str]:
        values = self.value(node)
        flat = [inner for item in values for inner in (item if isinstance(item, list) else [item])]
        return [text(item) for item in flat]

    def _type(self, name: str) -> str:
        return str(self.template.parameters[name].get("Type", "")) if name in self.template.parameters else ""
