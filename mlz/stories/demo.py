"""The whole story on the embedded AWS: the same commands that a person would type, one after another."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mlz.stories import world
from mlz.stories.story import NOTHING, Scene, Stage, played, prove
from mlz.terminal.console import Console

if TYPE_CHECKING:
    from mlz.stories.world import World
    from stacksets.client import Cloud

REGION = "eu-west-1"
BUCKET = "mlz-demo"
MOVED = "staging-07"
LONGER_SESSION_SECONDS = 7200
MOVES = re.compile(r"\S|  [-+~] |      [-+] |      ~ template")

BUILDING = (
    Scene("The templates pass the gate, and go to S3 as one release.", ("lint",)),
    Scene("", ("package",)),
    Scene("Every target account gets the role that stack sets work with.", ("bootstrap", "--yes")),
    Scene(
        "The development account: core, then the environment.",
        ("deploy", "core", "--yes"),
        re.compile("PortfolioId|SCLaunch"),
    ),
    Scene("", ("deploy", "env", "--yes"), re.compile("SageMakerDomainId|ModelBucketName|StackSetAdmin")),
)
CONVERGING = (
    Scene("What would happen in the target accounts? Nothing is changed yet.", ("plan",)),
    Scene(
        "Staging first; prod only after staging succeeded.",
        ("deploy", "targets", "--yes"),
        NOTHING,
        streams=True,
    ),
    Scene("", ("status",), re.compile(r"\d+ accounts")),
)
CHANGING = (
    Scene("", ("package",)),
    Scene("", ("plan", "--detailed-exitcode"), MOVES, code=2),
    Scene("", ("deploy", "targets", "--yes"), NOTHING, streams=True),
    Scene("A second look finds nothing to do.", ("plan", "--detailed-exitcode")),
)
ENDING = (Scene("Everything is taken down again, and every account is searched.", ("destroy", "--yes", "--purge")),)


def demo(console: Console) -> None:
    """Play the whole story."""
    played(console, _story)


def _story(stage: Stage, endpoint: str, folder: Path) -> None:
    from stacksets.client import connect

    keys = folder / "credentials"
    with world.environment(world.variables(keys, endpoint, world.MANAGEMENT, REGION)):
        chief = connect("", REGION)
        made = world.seed(chief)
    _introduce(stage, made, endpoint)
    (folder / "mlz.yaml").write_text(world.settings(made, BUCKET, REGION), encoding="utf-8")
    with world.environment(world.variables(keys, endpoint, made.development, REGION)):
        stage.play_all(BUILDING)
        stage.play_all(CONVERGING)
        _change(stage, made, chief)
        with longer_sessions():
            stage.play_all(CHANGING)
        stage.play_all(ENDING)
    prove(stage, endpoint)


def _introduce(stage: Stage, made: World, endpoint: str) -> None:
    units = ", ".join(path for path in made.units if path.count("/") == 2)
    stage.say(f"An organization on the embedded AWS ({endpoint})", "title")
    stage.say(f"  management {world.MANAGEMENT}, ml-dev {made.development}, 15 staging and 15 prod accounts")
    stage.say(f"  in Workloads/Staging, Workloads/Prod and below: {units}; {world.suspended()} is suspended")


def _change(stage: Stage, made: World, chief: Cloud) -> None:
    stage.say(f"\n{MOVED} moves to prod, and the model role's template changes: sessions of two hours.", "title")
    account = made.accounts[MOVED]
    source = chief.client("organizations").list_parents(ChildId=account)["Parents"][0]["Id"]
    world.move(chief, account, source, made.prod)


@contextlib.contextmanager
def longer_sessions() -> Iterator[None]:
    """A change of a template, as a developer would make it, for the length of the block."""
    from mlz.release import freshness, product
    from templates.target.iam_target_account_roles import EnvIamTargetAccountRoles as Roles

    original = Roles.build

    def build(roles: Roles) -> None:
        original(roles)
        for resource in roles.template.resources.values():
            if resource.resource_type == "AWS::IAM::Role":
                resource.MaxSessionDuration = LONGER_SESSION_SECONDS

    Roles.build = build  # type: ignore[method-assign,assignment]
    freshness.forget(product.OUTPUT / REGION)
    try:
        yield
    finally:
        Roles.build = original  # type: ignore[method-assign]
        freshness.forget(product.OUTPUT / REGION)
