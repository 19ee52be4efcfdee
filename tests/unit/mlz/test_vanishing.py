from __future__ import annotations

import pytest

from generator.errors import ToolError
from mlz.removal.vanishing import until_gone


def test_asks_at_every_look_until_nothing_is_left() -> None:
    left, asked = ["one", "two"], []

    def ask(name: str) -> None:
        asked.append(name)
        left.remove(name)

    until_gone("things", lambda: list(left), ask, first=0.001)
    assert asked == ["one", "two"]


def test_names_what_stays_when_the_patience_ends() -> None:
    with pytest.raises(ToolError) as problem:
        until_gone("apps of d-1", lambda: ["app"], lambda _: None, first=0.001, patience=0.0)
    assert (problem.value.message, problem.value.hint) == (
        "apps of d-1: 1 still there after 0 s",
        "run the same command again",
    )
