"""From the settings of a roll-out to its waves: who is asked for in the organization, and what the answer makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stacksets.organization import Scope
from stacksets.waves import CANARY, Gate, Rollout, Wave

if TYPE_CHECKING:
    from mlz.config import rollout as settings_of
    from stacksets.organization import Resolution

SECONDS = 60


def selections(rollout: settings_of.Rollout, owner: str) -> dict[str, Scope]:
    """The waves that only the organization knows the accounts of, each as a scope of its own."""
    return {
        _key(owner, index): Scope(wave.organizational_units, tags=wave.tags, is_selection=True)
        for index, wave in enumerate(rollout.waves)
        if wave.organizational_units or wave.tags
    }


def rollout_of(rollout: settings_of.Rollout, owner: str, resolution: Resolution) -> Rollout:
    """The roll-out as planning takes it; canaries come first, waves without a name have their number."""
    canaries = (Wave(CANARY, frozenset(rollout.canaries)),) if rollout.canaries else ()
    waves = tuple(
        Wave(wave.name or str(index + 1), _accounts(wave, _key(owner, index), resolution), wave.percent)
        for index, wave in enumerate(rollout.waves)
    )
    gate = Gate(rollout.gate.bake_minutes * SECONDS, rollout.gate.alarms, rollout.gate.command)
    return Rollout((*canaries, *waves), gate, rollout.failure_budget_percent)


def _accounts(wave: settings_of.Wave, key: str, resolution: Resolution) -> frozenset[str]:
    found = resolution.stages.get(key)
    return frozenset((*wave.accounts, *(found.accounts if found else ())))


def _key(owner: str, index: int) -> str:
    return f"{owner}: wave {index + 1}"
