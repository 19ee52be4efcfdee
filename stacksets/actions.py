"""The frozen data that plans are made of: actions, steps, and their form as a file."""

from __future__ import annotations

import hashlib
from typing import TypeAlias

import msgspec

from generator.errors import ToolError
from stacksets.spec import Definition, Preferences
from stacksets.waves import OPEN, Gate

VERSION = 2


class Group(msgspec.Struct, frozen=True, omit_defaults=True):
    """Accounts that one operation serves: all of them in all `regions`, with the same overrides.

    `operation` is a digest of what the operation carries; applying appends the attempt (`mlz-3f0c9a7d12e4-0`).
    """

    accounts: tuple[str, ...]
    regions: tuple[str, ...]
    operation: str
    overrides: dict[str, str] = {}


class CreateSet(msgspec.Struct, frozen=True, tag=True):
    definition: Definition
    reason: str

    @property
    def stack_set(self) -> str:
        return self.definition.name

    @property
    def accounts(self) -> tuple[str, ...]:
        return ()


class UpdateSet(msgspec.Struct, frozen=True, tag=True):
    """Change the set, and `accounts` in all `regions`; without `regions` every instance, and `accounts` names them.

    The other instances become OUTDATED: they are what the following waves are made of. `changes` is for people.
    """

    definition: Definition
    accounts: tuple[str, ...]
    preferences: Preferences
    operation: str
    changes: tuple[str, ...]
    reason: str
    regions: tuple[str, ...] = ()

    @property
    def stack_set(self) -> str:
        return self.definition.name


class RetryInstances(msgspec.Struct, frozen=True, tag=True):
    """Bring instances that are behind to what the set says already: UpdateStackSet without news, for their accounts.

    `follows`: it is their first try, in a wave after the one that brought the news.
    """

    definition: Definition
    groups: tuple[Group, ...]
    preferences: Preferences
    reason: str
    follows: bool = False

    @property
    def stack_set(self) -> str:
        return self.definition.name

    @property
    def accounts(self) -> tuple[str, ...]:
        return accounts_of(self.groups)


class CreateInstances(msgspec.Struct, frozen=True, tag=True):
    stack_set: str
    groups: tuple[Group, ...]
    preferences: Preferences
    reason: str

    @property
    def accounts(self) -> tuple[str, ...]:
        return accounts_of(self.groups)


class UpdateInstances(msgspec.Struct, frozen=True, tag=True):
    """Give instances other overrides."""

    stack_set: str
    groups: tuple[Group, ...]
    preferences: Preferences
    reason: str

    @property
    def accounts(self) -> tuple[str, ...]:
        return accounts_of(self.groups)


class DeleteInstances(msgspec.Struct, frozen=True, tag=True):
    """Take instances out of the set; with `retain` only the set forgets them and the stacks stay."""

    stack_set: str
    groups: tuple[Group, ...]
    preferences: Preferences
    retain: bool
    reason: str

    @property
    def accounts(self) -> tuple[str, ...]:
        return accounts_of(self.groups)


class DeleteSet(msgspec.Struct, frozen=True, tag=True):
    stack_set: str
    reason: str

    @property
    def accounts(self) -> tuple[str, ...]:
        return ()


class AwaitOperation(msgspec.Struct, frozen=True, tag=True):
    """An operation that an earlier run or somebody else started; what comes after it is planned when it has ended."""

    stack_set: str
    operation: str
    accounts: tuple[str, ...]
    reason: str


Action: TypeAlias = (
    CreateSet
    | UpdateSet
    | RetryInstances
    | CreateInstances
    | UpdateInstances
    | DeleteInstances
    | DeleteSet
    | AwaitOperation
)


class Unchanged(msgspec.Struct, frozen=True):
    """Accounts of a set that nothing is done to, with the reason."""

    stack_set: str
    accounts: tuple[str, ...]
    reason: str


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """Actions that run one after another, when the steps named in `after` have passed and `health` holds.

    If `is_gate`, nothing after the step runs when more than `allowed` accounts failed in its `stage` so far; a step is
    one wave of its stage. `after` may name waves that have nothing to do and are not in the plan: they have passed.
    Steps that do not follow each other run at the same time.
    """

    name: str
    actions: tuple[Action, ...]
    is_gate: bool = True
    stage: str = ""
    after: tuple[str, ...] = ()
    health: Gate = OPEN
    allowed: int = 0


class Plan(msgspec.Struct, frozen=True):
    """All that applying does, in order; `state` is the digest of the state that it was made from."""

    steps: tuple[Step, ...]
    unchanged: tuple[Unchanged, ...]
    state: str
    version: int = VERSION

    @property
    def actions(self) -> tuple[Action, ...]:
        return tuple(action for step in self.steps for action in step.actions)

    @property
    def is_empty(self) -> bool:
        return not self.actions

    def until(self, pause: str) -> Plan:
        """The plan without what comes after a stage (`staging`) or a wave (`staging/canary`; `canary` of any stage).

        A wave that has nothing left to do holds back what follows it just the same. ToolError when no such wave is
        known: nothing would be held back, and the user would believe that it is.
        """
        known = {name for step in self.steps for name in (step.name, *step.after)}
        if not known:
            return self
        held = {name for name in known if pause in (name, *name.split("/"))}
        if not held:
            raise ToolError(f"--pause-after {pause}: the plan has no such wave", f"it has: {', '.join(sorted(known))}")
        kept: list[Step] = []
        for step in self.steps:
            follows = held.intersection(step.after) and step.stage != pause
            if follows:
                held.add(step.name)
            else:
                kept.append(step)
        return msgspec.structs.replace(self, steps=tuple(kept))

    @property
    def must_settle(self) -> bool:
        """Operations of another run are under way; after applying this plan another one must be made."""
        return any(isinstance(action, AwaitOperation) for action in self.actions)


def accounts_of(groups: tuple[Group, ...]) -> tuple[str, ...]:
    return tuple(sorted({account for group in groups for account in group.accounts}))


def operation_digest(kind: str, *content: object) -> str:
    """Twelve hex digits that stand for everything an operation carries; equal work has an equal digest in any run."""
    return hashlib.sha256(msgspec.json.encode([kind, *content], order="sorted")).hexdigest()[:12]


def encode(plan: Plan) -> bytes:
    """The plan as indented JSON with a final newline."""
    return msgspec.json.format(msgspec.json.encode(plan, order="deterministic"), indent=2) + b"\n"


def decode(content: bytes, where: str) -> Plan:
    """Read a saved plan; `where` names the file in the ToolError that a foreign or malformed one raises."""
    try:
        plan = msgspec.json.decode(content, type=Plan)
    except msgspec.DecodeError as problem:
        raise ToolError(
            f"{where}: not a plan of this version: {problem}", "plan again: mlz plan --out FILE"
        ) from problem
    if plan.version != VERSION:
        raise ToolError(f"{where}: a plan of version {plan.version}, this program writes {VERSION}", "plan again")
    return plan
