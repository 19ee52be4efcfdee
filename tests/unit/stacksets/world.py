"""A small StackSets service in virtual time: declare accounts and their faults, then plan and apply against it."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping

from generator.package.manifest import ParameterEntry, TemplateEntry
from stacksets.simulator.clock import VirtualClock
from stacksets.simulator.runner import Fate, Runner
from stacksets.simulator.service import Simulator
from stacksets.simulator.wire import Wire
from stacksets.spec import Definition, Left, Preferences, StackSetSpec, targets_of


class World(Simulator):
    """`failing`: account → reason; `busy`: how many changes are refused; `lost`: how many answers are lost."""

    def __init__(
        self,
        seconds: float = 20.0,
        failing: Mapping[str, str] | None = None,
        suspended: Iterable[str] = (),
        busy: int = 0,
        lost: int = 0,
    ) -> None:
        clock = VirtualClock()
        fate = Fate(otherwise=seconds, failing=dict(failing or {}), suspended=set(suspended))
        super().__init__(clock, Wire(clock, busy=busy, lost=lost), Runner(clock, fate))

    @property
    def calls(self) -> Counter[str]:
        return self.wire.calls


def template(text: str = "v1", **parameters: str | None) -> TemplateEntry:
    """A template whose digest is that of `text`; a parameter with None has no default."""
    entries = {name: ParameterEntry("String", default) for name, default in parameters.items()}
    return TemplateEntry(f"{text}.yaml", hashlib.sha256(text.encode()).hexdigest(), 1, f"t/{text}.yaml", "", entries)


def spec(
    stage: str,
    layer: str,
    accounts: tuple[str, ...],
    text: str = "v1",
    parameters: Mapping[str, str] | None = None,
    overrides: Mapping[str, Mapping[str, str]] | None = None,
    regions: tuple[str, ...] = ("eu-west-1",),
    preferences: Preferences | None = None,
    entry: TemplateEntry | None = None,
    tags: Mapping[str, str] | None = None,
    left: Left = "remove",
) -> StackSetSpec:
    """A set `e-<layer>-<stage>`; its template has the parameters Kind (default: plain) and VPCCIDR."""
    made = entry or template(text, Kind="plain", VPCCIDR="10.0.0.0/16")
    definition = Definition(
        name=f"e-{layer}-{stage}",
        template_url=f"https://bucket/{text}.yaml",
        template_sha256=made.sha256,
        parameters=dict(parameters or {}),
        tags=dict(tags or {}),
    )
    return StackSetSpec(
        definition=definition,
        template=made,
        layer=layer,
        stage=stage,
        stage_position=("staging", "prod").index(stage),
        layer_position=("roles", "network").index(layer),
        targets=targets_of(accounts, regions),
        overrides=overrides or {},
        preferences=preferences or Preferences(),
        left=left,
    )


def fleet(count: int, first: int = 1) -> tuple[str, ...]:
    """`count` account ids."""
    return tuple(f"{number:012d}" for number in range(first, first + count))


def as_json(value: object) -> str:
    return json.dumps(value, sort_keys=True)
