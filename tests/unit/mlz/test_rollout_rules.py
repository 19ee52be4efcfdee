"""Settings of waves and of stack sets of one's own: what is refused, with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.errors import ToolError
from mlz.config.configuration import Overlay, load

SET = "stack_sets:\n  guard:\n    template: guard.yaml\n"
TO = "    targets: {accounts: [111122223333]}\n"


def refusal(folder: Path, text: str) -> str:
    path = folder / "mlz.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ToolError) as caught:
        load(path, Overlay(), {})
    return str(caught.value).replace(str(path), "mlz.yaml")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (
            "rollout:\n  waves:\n    - percent: 10\n      tags: {a: b}\n",
            (
                "mlz.yaml:3: rollout.waves[0]: a wave is one of percent, organizational_units, tags and accounts\n"
                "hint: make two waves of it"
            ),
        ),
        (
            "rollout:\n  waves:\n    - name: early\n",
            (
                "mlz.yaml:3: rollout.waves[0]: a wave is one of percent, organizational_units, tags and accounts\n"
                "hint: say which accounts it has"
            ),
        ),
        (
            "rollout:\n  waves:\n    - {percent: 50}\n    - {percent: 10}\n",
            (
                "mlz.yaml:4: rollout.waves[1].percent: 10 is not more than 50 of the wave before\n"
                "hint: shares add up: 10, 50 serves a tenth, then up to the half"
            ),
        ),
        (
            "rollout:\n  waves:\n    - {name: canary, percent: 50}\n",
            "mlz.yaml:3: rollout.waves[0].name: canary is the name of something else\nhint: choose another name",
        ),
        (
            "rollout:\n  waves:\n    - {name: a, percent: 10}\n    - {name: a, percent: 50}\n",
            "mlz.yaml:4: rollout.waves[1].name: two waves are named a\nhint: give each its own name",
        ),
        (
            "rollout:\n  left_accounts: forget\n",
            (
                "mlz.yaml:2: rollout.left_accounts: 'forget' is not remove, retain or quarantine\n"
                "hint: see mlz.example.yaml, or run: mlz settings schema"
            ),
        ),
        (
            SET,
            (
                "mlz.yaml:2: stack_sets.guard.targets: says nothing of whom it is for\n"
                "hint: give organizational_units, accounts or tags"
            ),
        ),
        (
            "stack_sets:\n  guard:\n    targets: {}\n",
            "mlz.yaml:2: stack_sets.guard: template is missing\nhint: required here: template",
        ),
        (
            SET + TO + "    depends_on: [base]\n",
            "mlz.yaml:5: stack_sets.guard.depends_on[0]: there is no other stack set base\nhint: remove it",
        ),
        (
            SET + TO + "    depends_on: [base]\n  base:\n    template: b.yaml\n" + TO + "    depends_on: [guard]\n",
            (
                "mlz.yaml:5: stack_sets.guard.depends_on: stack sets wait for each other: guard → base → guard\n"
                "hint: remove one of them"
            ),
        ),
        (
            SET + TO + "    overrides:\n      - parameters: {A: b}\n",
            (
                "mlz.yaml:6: stack_sets.guard.overrides[0]: says nothing of whom it is for\n"
                "hint: give organizational_units or accounts; what all accounts get belongs to parameters"
            ),
        ),
        (
            SET + TO + "    regions: [eu-west-1, eu-west-1]\n",
            "mlz.yaml:5: stack_sets.guard.regions: a Region is given twice\nhint: name each Region once",
        ),
        (
            "stack_sets:\n  sm-mlops-dev-roles-prod:\n    template: g.yaml\n" + TO,
            (
                "mlz.yaml:2: stack_sets.sm-mlops-dev-roles-prod: this name is taken by the environment\n"
                "hint: choose another name"
            ),
        ),
        (
            SET + "    target: {}\n",
            "mlz.yaml:4: stack_sets.guard.target: unknown setting\nhint: did you mean targets?",
        ),
    ],
)
def test_refused(tmp_path: Path, text: str, error: str) -> None:
    assert refusal(tmp_path, text) == error


def test_a_set_may_depend_on_the_environment(tmp_path: Path) -> None:
    units = "targets:\n  staging: {accounts: [111122223333]}\n  prod: {accounts: [111122224444]}\n"
    path = tmp_path / "mlz.yaml"
    path.write_text(units + SET + TO + "    depends_on: [sm-mlops-dev-roles-staging]\n")
    assert load(path, Overlay(), {}).stack_sets["guard"].depends_on == ("sm-mlops-dev-roles-staging",)
