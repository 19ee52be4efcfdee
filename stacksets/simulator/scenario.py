"""What a simulation is of: an organization of two stages, stack sets in layers, waves, faults."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from generator.package.manifest import ParameterEntry, TemplateEntry
from stacksets.simulator.clock import VirtualClock
from stacksets.simulator.faults import NONE, Faults, chosen
from stacksets.simulator.organization import Organization, Unit
from stacksets.simulator.rivals import Rival
from stacksets.simulator.runner import Fate, Runner
from stacksets.simulator.service import Simulator
from stacksets.simulator.wire import Wire
from stacksets.spec import DEFAULTS, Definition, Preferences, StackSetSpec, targets_of
from stacksets.waves import CANARY, Gate, Rollout, Wave

STAGES = ("staging", "prod")
FIRST_ACCOUNT = 100_000_000_000
# Seconds that a stack of our own templates takes, about: roles only, and a network with its endpoints.
LAYER_SECONDS: Mapping[str, float] = {"roles": 45.0, "network": 180.0}


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """`staging`: share of the accounts in that stage, the rest is prod; `seconds`: layer → how long a stack takes.

    `canary`: accounts of each stage that come first (0: no waves), `percents`: waves after that, by the share of the
    stage that is then served. `own_values`: each account's network set has a value of its own, so that each account
    costs a call. `latency`: seconds a call takes. `ceiling`: instances of one set that the service works on at once.
    """

    accounts: int
    layers: tuple[str, ...] = tuple(LAYER_SECONDS)
    regions: tuple[str, ...] = ("eu-west-1",)
    staging: float = 0.2
    seconds: Mapping[str, float] = field(default_factory=lambda: LAYER_SECONDS)
    spread: float = 0.3
    canary: int = 0
    percents: tuple[int, ...] = ()
    bake: float = 0.0
    budget_percent: int = 0
    preferences: Preferences = DEFAULTS
    own_values: bool = False
    change: Literal["first", "update"] = "first"
    faults: Faults = NONE
    seed: str = "0"
    latency: float = 0.1
    ceiling: int = 0

    @property
    def members(self) -> dict[str, tuple[str, ...]]:
        """Stage → account ids; a stage has at least one account where there are two."""
        ids = tuple(str(FIRST_ACCOUNT + number) for number in range(self.accounts))
        border = min(max(1, round(self.staging * self.accounts)), max(1, self.accounts - 1))
        return {"staging": ids[:border], "prod": ids[border:]}

    @property
    def rollout(self) -> Rollout:
        first = frozenset(accounts[0] for accounts in self.members.values() if accounts) if self.canary else frozenset()
        more = {account for accounts in self.members.values() for account in accounts[: self.canary]}
        canaries = (Wave(CANARY, accounts=first | more),) if self.canary else ()
        shares = tuple(Wave(f"{percent}%", percent=percent) for percent in self.percents)
        return Rollout((*canaries, *shares), Gate(bake=self.bake), self.budget_percent)


@dataclass(frozen=True)
class Stage:
    """Everything that one simulation runs on."""

    scenario: Scenario
    clock: VirtualClock
    service: Simulator
    organization: Organization


def staged(scenario: Scenario) -> Stage:
    """The world before the run: nothing exists, or (`update`) everything is at the version before."""
    clock = VirtualClock()
    everyone = [account for accounts in scenario.members.values() for account in accounts]
    faults, seed = scenario.faults, scenario.seed
    slow = chosen(everyone, faults.slow, f"{seed} slow")
    fate = Fate(
        seed=seed,
        spread=scenario.spread,
        seconds={
            name_of(layer, stage): scenario.seconds.get(layer, 60.0) for layer in scenario.layers for stage in STAGES
        },
        slowness=dict.fromkeys(sorted(slow), faults.slowness),
        suspended=set(chosen(everyone, faults.suspended, f"{seed} suspended")),
    )
    service = Simulator(clock, Wire(clock), Runner(clock, fate, ceiling=scenario.ceiling))
    units = tuple(Unit(stage, accounts) for stage, accounts in scenario.members.items())
    organization = Organization(service.wire, units, dict.fromkeys(sorted(fate.suspended), "SUSPENDED"))
    if scenario.change == "update":
        _deploy(service, scenario)
    _break(service, scenario, everyone)
    organization.wire = service.wire
    return Stage(scenario, clock, service, organization)


def _deploy(service: Simulator, scenario: Scenario) -> None:
    """Everything at the version before, at no cost."""
    for spec in specs(scenario, scenario.members, "v1"):
        service.create_set(spec.definition)
        values = tuple((account, spec.overrides.get(account, {})) for account in spec.accounts)
        for account, own in values if spec.overrides else ():
            service.create_instances(spec.name, (account,), scenario.regions, own, DEFAULTS, f"before-{account}")
        if not spec.overrides:
            service.create_instances(spec.name, spec.accounts, scenario.regions, {}, DEFAULTS, "before")
    service.clock.drain()
    service.clock.time = 0.0


def _break(service: Simulator, scenario: Scenario, everyone: list[str]) -> None:
    faults, seed = scenario.faults, scenario.seed
    failing = sorted(chosen(everyone, faults.failing, f"{seed} failing"))
    service.fate.failing |= {account: REASONS[int(account) % len(REASONS)] for account in failing}
    service.wire = Wire(service.clock, faults, seed, scenario.latency)
    if faults.rivals:
        Rival(service, faults.rivals, random.Random(f"{seed} rivals")).start()


REASONS = (
    "Account limit exceeded: VPC limit of 5 is reached in this Region",
    "The execution role cannot be assumed by the administration role",
    "Explicit deny in a service control policy",
)


def name_of(layer: str, stage: str) -> str:
    return f"simulated-{layer}-{stage}"


def specs(scenario: Scenario, members: Mapping[str, tuple[str, ...]], text: str = "v2") -> list[StackSetSpec]:
    """The sets as wanted for these accounts by stage; `text` stands for the template's content."""
    return [
        _spec(scenario, stage, layer, members[stage], text)
        for stage in STAGES
        if members.get(stage)
        for layer in scenario.layers
    ]


def _spec(scenario: Scenario, stage: str, layer: str, accounts: tuple[str, ...], text: str) -> StackSetSpec:
    entry = _template(layer, text)
    has_own = scenario.own_values and layer == "network"
    return StackSetSpec(
        definition=Definition(
            name=name_of(layer, stage),
            template_url=f"https://simulated/{entry.key}",
            template_sha256=entry.sha256,
            parameters={"Stage": stage},
        ),
        template=entry,
        layer=layer,
        stage=stage,
        stage_position=STAGES.index(stage),
        layer_position=scenario.layers.index(layer),
        targets=targets_of(accounts, scenario.regions),
        overrides={account: {"Own": account} for account in accounts} if has_own else {},
        preferences=scenario.preferences,
        rollout=scenario.rollout,
    )


def _template(layer: str, text: str) -> TemplateEntry:
    digest = hashlib.sha256(f"{layer} {text}".encode()).hexdigest()
    parameters = {
        "Stage": ParameterEntry("String"),
        "Own": ParameterEntry("String", ""),
        "Kind": ParameterEntry("String", ""),
    }
    return TemplateEntry(f"{layer}.yaml", digest, 1, f"{digest}/{layer}.yaml", parameters=parameters)
