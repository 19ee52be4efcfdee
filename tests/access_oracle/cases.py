"""Random requests with the policies that bear on them, over every feature of the evaluation; seeded."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.access_oracle.elements import conditions, not_principal, principal_element
from tests.access_oracle.world import CALLERS, CONTEXT, HOME, OPERATIONS, OTHER, Caller, Operation

Case = dict[str, Any]
Document = dict[str, Any]


@dataclass
class Dice:
    """A seeded source of choices; only `random()` gives the same numbers in every version of Python."""

    random: random.Random

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def below(self, limit: int) -> int:
        return int(self.random.random() * limit)

    def one(self, options: Sequence[Any]) -> Any:
        return options[self.below(len(options))]

    def some(self, options: Sequence[Any], least: int, most: int) -> list[Any]:
        """Between `least` and `most` of them, each at most once."""
        pool = list(options)
        count = min(len(pool), least + self.below(most - least + 1))
        return [pool.pop(self.below(len(pool))) for _ in range(count)]


def cases(seed: int, count: int) -> list[Case]:
    """As many cases as asked; the same for the same seed."""
    dice = Dice(random.Random(seed))
    return [case_of(dice) for _ in range(count)]


def case_of(dice: Dice) -> Case:
    """One case; every choice in it is the dice's."""
    caller: Caller = dice.one(CALLERS)
    operation: Operation = dice.one([op for op in OPERATIONS if not op.callers or caller.kind in op.callers])
    owner = dice.one([HOME, HOME, HOME, OTHER])
    resource = dice.one(operation.resources).replace("OWNER", owner)
    context = _context(dice, caller, operation, owner)
    subject = _Subject(dice, caller, operation.action, resource, owner, context)
    return {
        "principal": caller.arn,
        "role": caller.role,
        "action": operation.action,
        "resource": resource,
        "owner": owner,
        "context": context,
        "policies": subject.policies(operation),
    }


def _context(dice: Dice, caller: Caller, operation: Operation, owner: str) -> dict[str, str | list[str]]:
    """What always follows from the request, and some of what may be there."""
    context: dict[str, str | list[str]] = dict(caller.context)
    context["aws:ResourceAccount"] = owner
    keys = [key for key in CONTEXT if key.actions is None or operation.action in key.actions]
    for key in dice.some(keys, 2, 9):
        value = dice.some(key.values, 1, 3) if key.is_set else dice.one(key.values)
        context.setdefault(key.name, value)
    return context


@dataclass
class _Subject:
    """One request, about which policies are written, so that they are often, not always, about it."""

    dice: Dice
    caller: Caller
    action: str
    resource: str
    owner: str
    context: dict[str, str | list[str]]
    # The oracle lets a session policy limit what a resource grants to the very session; AWS does not.
    has_session_policy: bool = False

    def policies(self, operation: Operation) -> list[dict[str, Any]]:
        dice, found = self.dice, []
        if self.caller.kind == "root":
            # The oracle knows nothing of a root user's rights; the evaluator needs no policy for them.
            found.append({"kind": "IDENTITY", "level": "", "document": _full_access()})
        if self.caller.has_identity:
            found += [self._policy("IDENTITY") for _ in range(dice.one([0, 1, 1, 1, 2]))]
            if dice.chance(0.3):
                found.append(self._policy("BOUNDARY"))
            if self.caller.has_session and dice.chance(0.3):
                found.append(self._policy("SESSION"))
                self.has_session_policy = True
        if self.caller.account and dice.chance(0.3):
            found += [self._policy("SCP", level) for level in dice.some(("root", "unit", "account"), 1, 3)]
        if dice.chance(0.2):
            found += [self._policy("RCP", level) for level in dice.some(("root", "account"), 1, 2)]
        if dice.chance(0.2):
            found.append(self._policy("ENDPOINT"))
        # A role always has a trust policy.
        if dice.chance({"TRUST": 1.0, "KEY": 0.95, "RESOURCE": 0.6}[operation.kind]):
            found.append(self._policy(operation.kind))
        return found

    def _policy(self, kind: str, level: str = "") -> dict[str, Any]:
        statements = [self._statement(kind) for _ in range(self.dice.one([1, 1, 2, 3]))]
        if kind in ("SCP", "BOUNDARY", "SESSION", "ENDPOINT") and self.dice.chance(0.6):
            everything = _full_access()["Statement"]
            statements.insert(0, everything if kind != "ENDPOINT" else {**everything, "Principal": "*"})
        # The oracle resolves variables in whatever version.
        is_new = kind in ("SCP", "RCP") or "${" in str(statements) or self.dice.chance(0.93)
        version = {"Version": "2012-10-17" if is_new else "2008-10-17"}
        document = {**version, "Statement": statements if self.dice.chance(0.9) else statements[0]}
        return {"kind": kind, "level": level, "document": document}

    def _statement(self, kind: str) -> Document:
        dice = self.dice
        denies = kind == "RCP" or dice.chance(0.2)
        statement: Document = {"Effect": "Deny" if denies else "Allow"}
        if dice.chance(0.3):
            statement["Sid"] = f"S{dice.below(1000)}"
        statement.update({"Action": self._service_actions()} if kind == "RCP" else self._actions())
        if kind != "TRUST":
            statement.update(self._resources())
        if kind in ("RESOURCE", "KEY", "TRUST"):
            statement.update(self._principals(kind, denies))
        elif kind in ("RCP", "ENDPOINT"):
            statement["Principal"] = "*"
        if dice.chance(0.75 if denies else 0.4):
            statement["Condition"] = conditions(dice, self.context)
        return statement

    def _principals(self, kind: str, denies: bool) -> Document:
        if denies and kind == "RESOURCE" and self.dice.chance(0.3):
            return {"NotPrincipal": not_principal(self.dice, self.caller)}
        return principal_element(self.dice, self.caller, self.owner, direct=denies or not self.has_session_policy)

    def _service_actions(self) -> list[str]:
        """What an RCP accepts: one service's actions, not everything."""
        service, _, name = self.action.partition(":")
        return self.dice.some([self.action, f"{service}:*", f"{service}:{name[:3]}*", f"{service}:Delete*"], 1, 2)

    def _actions(self) -> Document:
        service, _, name = self.action.partition(":")
        near = [self.action, self.action, f"{service}:*", "*", f"{service}:{name[:3]}*", self.action.lower()]
        near += [f"{service}:?{name[1:]}", f"{service.upper()}:{name}"]
        far = ["iam:GetRole", f"{service}:Delete*", f"{service}:{name}Not", "s3:PutObject", f"{service}:???"]
        chosen = [self.dice.one(near)] if self.dice.chance(0.8) else []
        chosen += self.dice.some(far, 0 if chosen else 1, 2)
        if self.dice.chance(0.1):
            return {"NotAction": self.dice.some(far, 1, 2) if self.dice.chance(0.8) else chosen}
        return {"Action": chosen if len(chosen) > 1 or self.dice.chance(0.5) else chosen[0]}

    def _resources(self) -> Document:
        head, _, tail = self.resource.rpartition(":")
        near = [self.resource, "*", f"{head}:*", f"{head}:{tail[:4]}*", f"{head}:{tail[:-1]}?", f"{head}:*{tail[-3:]}"]
        # The oracle does not match a variable at the start of a queue's name.
        variables = ("${aws:SourceIdentity}", "${aws:SourceVpc, 'data'}") if ":sqs:" not in head else ()
        near += [f"{head}:{tail.replace('data', variable)}" for variable in variables]
        far = [f"{head}:other", f"{head}:{tail}x", f"{head}:{tail.upper()}", f"{head}:*" + "${*}"]
        chosen = [self.dice.one(near)] if self.dice.chance(0.85) else []
        chosen += self.dice.some(far, 0 if chosen else 1, 1)
        if self.dice.chance(0.1):
            return {"NotResource": self.dice.some(far, 1, 2) if self.dice.chance(0.8) else chosen}
        return {"Resource": chosen if len(chosen) > 1 or self.dice.chance(0.5) else chosen[0]}


def _full_access() -> Document:
    return {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
