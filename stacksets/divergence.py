"""Member stacks that somebody updated by hand: CURRENT and without drift, yet with another template than their set's.

A direct UpdateStack on a member stack is no drift to StackSets (CloudFormation User Guide, "Detect unmanaged changes in
stack sets"), so that only reading the account shows it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from generator.errors import ToolError
from stacksets.client import translated
from stacksets.diagnosis import Members
from stacksets.stacks import find
from stacksets.state import Instance, SetState, State, body_digests

THREADS = 8
TEMPLATE, GONE, UNSEEN = "template", "gone", "unseen"


@dataclass(frozen=True, slots=True)
class Divergence:
    """`kind`: `template` (not the set's), `gone` (there is no stack), `unseen` (nobody may look inside)."""

    stack_set: str
    account: str
    region: str
    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class Checked:
    """`looked` counts the stacks that were read, of `held` that could have been."""

    divergences: tuple[Divergence, ...]
    looked: int
    held: int


def sample(instances: Sequence[Instance], most: int) -> tuple[Instance, ...]:
    """At most `most` of them, spread evenly over the accounts; all when `most` is 0."""
    ordered = sorted(instances)
    if not most or len(ordered) <= most:
        return tuple(ordered)
    return tuple(ordered[index * len(ordered) // most] for index in range(most))


def check(state: State, members: Callable[[str], Members], most: int = 0, threads: int = THREADS) -> Checked:
    """Compare what the stacks of CURRENT instances have with what their sets say, `most` a set (0: all)."""
    quiet = {name: [one for one in held.instances if _is_claimed(one)] for name, held in sorted(state.sets.items())}
    cells = [(state.sets[name], one) for name, found in quiet.items() for one in sample(found, most)]
    with ThreadPoolExecutor(threads) as pool:
        answers = tuple(pool.map(lambda cell: _look(members, *cell), cells))
    found = tuple(answer for answer in answers if answer is not None)
    return Checked(found, len(cells), sum(map(len, quiet.values())))


def _is_claimed(instance: Instance) -> bool:
    """The service says that the stack is as the set has it."""
    return instance.is_quiet and bool(instance.stack_id) and instance.detailed != "SKIPPED_SUSPENDED_ACCOUNT"


def _look(members: Callable[[str], Members], held: SetState, instance: Instance) -> Divergence | None:
    def diverges(kind: str, reason: str) -> Divergence:
        return Divergence(held.name, instance.account, instance.region, kind, reason)

    try:
        cloud = members(held.name).enter(instance.account, instance.region)
        stack = find(cloud, instance.stack_id)
        if stack is None or stack.status == "DELETE_COMPLETE":
            return diverges(GONE, "its stack was deleted by hand")
        with translated("its stack"):
            answer = cloud.client("cloudformation").get_template(StackName=instance.stack_id, TemplateStage="Original")
    except ToolError as problem:
        return diverges(UNSEEN, problem.message)
    if set(body_digests(str(answer["TemplateBody"]))) & set(held.template):
        return None
    return diverges(TEMPLATE, "its template is not the set's: somebody updated the stack by hand")
