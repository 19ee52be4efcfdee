"""What an update would change inside each account: change sets on the member stacks, read and deleted again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from generator.errors import ToolError
from stacksets import body
from stacksets.actions import operation_digest
from stacksets.changeset import NOTHING, ResourceChange, changes_of, settled
from stacksets.client import Cloud, Refused, translated
from stacksets.diagnosis import Members
from stacksets.spec import Definition
from stacksets.stacks import PACE, Stack, find
from stacksets.state import Instance, body_digests
from stacksets.waiting import SYSTEM, Clock, Pace

NAME = "mlz-preview-"
THREADS = 16
HIDDEN = "****"

Overrides = Callable[[str, str, str], Mapping[str, str]]


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A stack set that changes: what it is to be, what it was, and the instances that will be updated.

    `before` and `after` are template bodies; `after` may be empty where the body is not at hand (the address is used).
    `values` are the set's parameters as they are; `overrides` those of accounts, as far as they are known.
    """

    definition: Definition
    after: str
    before: str
    values: Mapping[str, str]
    instances: tuple[Instance, ...]
    overrides: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.definition.name

    @cached_property
    def carried(self) -> str:
        return body.carried(self.after, self.name)

    @cached_property
    def defaults(self) -> Mapping[str, str]:
        """Parameter → default, of the new template; without one it is empty."""
        known = body.parsed(self.after, self.name).get("Parameters") or {} if self.after else {}
        return {name: str(entry.get("Default", "")) for name, entry in known.items()}

    @cached_property
    def changed_parameters(self) -> frozenset[str]:
        new, defaults = self.definition.parameters, self.defaults
        known = {*new, *self.values, *defaults}
        return frozenset(n for n in known if self.values.get(n, defaults.get(n)) != new.get(n, defaults.get(n)))

    @cached_property
    def difference(self) -> tuple[ResourceChange, ...]:
        """What the two templates and the set's parameters tell without looking into any account."""
        if not (self.before and self.after):
            return ()
        old, new = body.parsed(self.before, self.name), body.parsed(self.after, self.name)
        return body.difference(old, new, self.changed_parameters)


@dataclass(frozen=True, slots=True)
class Look:
    """One member stack; with a `refusal` nobody looked inside, and `changes` are the templates' difference."""

    stack_set: str
    account: str
    region: str
    changes: tuple[ResourceChange, ...]
    refusal: str = ""


@dataclass(frozen=True)
class Preview:
    """Looks into the accounts of subjects, `threads` at a time; nothing that it makes there stays.

    `members` gives the way into the accounts of a set; `overrides` reads those of an instance and is only asked where
    a member stack's parameters are not those of its set.
    """

    members: Callable[[str], Members]
    overrides: Overrides
    clock: Clock = SYSTEM
    pace: Pace = PACE
    threads: int = THREADS

    def __call__(self, subjects: Sequence[Subject]) -> tuple[Look, ...]:
        """One look for each instance, in the order of subjects and accounts; no account's trouble ends the others'."""
        for subject in subjects:
            _ = subject.carried, subject.difference
        cells = [(subject, instance) for subject in subjects for instance in sorted(subject.instances)]
        with ThreadPoolExecutor(self.threads) as pool:
            return tuple(pool.map(lambda cell: self._look(*cell), cells))

    def _look(self, subject: Subject, instance: Instance) -> Look:
        place = subject.name, instance.account, instance.region
        try:
            return Look(*place, self._changes(subject, instance))
        except ToolError as problem:
            return Look(*place, subject.difference, problem.message)

    def _changes(self, subject: Subject, instance: Instance) -> tuple[ResourceChange, ...]:
        if not instance.stack_id:
            raise ToolError("the instance has no stack yet")
        cloud = self.members(subject.name).enter(instance.account, instance.region)
        stack = find(cloud, instance.stack_id)
        if stack is None or stack.status == "DELETE_COMPLETE":
            raise ToolError("its stack was deleted by hand")
        if stack.is_moving:
            raise ToolError(f"its stack is {stack.status}")
        given = self._request(subject, instance, stack, cloud)
        with _change_set(cloud, given) as made:
            found = settled(cloud, made, self.clock, self.pace)
            if found["Status"] != "FAILED":
                return tuple(changes_of(cloud, made))
        reason = str(found.get("StatusReason", "no reason is given"))
        if any(text in reason.lower() for text in NOTHING):
            return ()
        raise ToolError(f"the change set failed: {reason}")

    def _request(self, subject: Subject, instance: Instance, stack: Stack, cloud: Cloud) -> dict[str, Any]:
        values = self._values(subject, instance, stack)
        return {
            "StackName": stack.id,
            "ChangeSetName": f"{NAME}{operation_digest('preview', subject.definition)}",
            "ChangeSetType": "UPDATE",
            **_template(subject, stack, cloud),
            "Parameters": [_parameter(key, value) for key, value in sorted(values.items())],
            "Tags": [{"Key": key, "Value": value} for key, value in sorted(subject.definition.tags.items())],
            "Capabilities": list(subject.definition.capabilities),
            "IncludeNestedStacks": True,
        }

    def _values(self, subject: Subject, instance: Instance, stack: Stack) -> dict[str, str]:
        """As StackSets would give them: those of the set, and over them those of the instance."""
        own = subject.overrides.get(instance.account)
        if own is None:
            usual = {**subject.defaults, **subject.values}
            differs = any(usual.get(name, value) != value for name, value in stack.parameters.items())
            own = self.overrides(subject.name, instance.account, instance.region) if differs else {}
        known = subject.defaults or {**subject.definition.parameters, **own}
        return {name: value for name, value in {**subject.definition.parameters, **own}.items() if name in known}


def _template(subject: Subject, stack: Stack, cloud: Cloud) -> dict[str, object]:
    """The shortest way to say it: the template that the stack has, the new one's text, or its address."""
    with translated(stack.name):
        held = cloud.client("cloudformation").get_template(StackName=stack.id, TemplateStage="Original")["TemplateBody"]
    if subject.definition.template_sha256 in body_digests(str(held)):
        return {"UsePreviousTemplate": True}
    if subject.carried:
        return {"TemplateBody": subject.carried}
    return {"TemplateURL": subject.definition.template_url}


def _parameter(name: str, value: str) -> dict[str, object]:
    """A secret's value is nowhere to be read: the stack keeps the one it has."""
    if value == HIDDEN:
        return {"ParameterKey": name, "UsePreviousValue": True}
    return {"ParameterKey": name, "ParameterValue": value}


@contextmanager
def _change_set(cloud: Cloud, given: dict[str, Any]) -> Iterator[str]:
    """The id of a change set that is gone afterwards; one that a run left when it was cut off is replaced."""
    api, where = cloud.client("cloudformation"), "change set"
    name = {"ChangeSetName": given["ChangeSetName"], "StackName": given["StackName"]}
    try:
        with translated(where):
            made = api.create_change_set(**given)["Id"]
    except Refused as problem:
        if problem.code != "AlreadyExistsException":
            raise
        with translated(where):
            api.delete_change_set(**name)
            made = api.create_change_set(**given)["Id"]
    try:
        yield str(made)
    finally:
        with suppress(Refused), translated(where):
            api.delete_change_set(ChangeSetName=made)
