"""What of an environment is there: looked for in every account, by tags and by the stacks that own it.

Names are compared whole: `sm-mlops-dev` is neither `sm-mlops-dev2` nor `sm-mlops-dev-x`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.errors import ToolError
from mlz.fleet import targets
from mlz.removal import tagged
from mlz.removal.tagged import BUCKET, FILE_SYSTEM, KEY, NAME_TAG, STACK, TYPE_TAG, Tagged
from mlz.terminal.wording import count
from stacksets.client import Refused, pages, translated

if TYPE_CHECKING:
    from mlz.config.settings import Settings
    from stacksets.client import Api, Cloud

THREADS = 8
GONE = "DELETE_COMPLETE"
SERVICE_ROLE, UNKNOWN = "service role", "unknown"
# What stacks leave alone on purpose: data, the keys that it is encrypted with, roles that others use too.
RETAINED = (BUCKET, KEY, FILE_SYSTEM, SERVICE_ROLE)
# The parts of `mlz destroy` to which something found may belong
PROJECTS, PRODUCTS, TARGETS, ENV, CORE, BOOTSTRAP = "projects", "products", "targets", "env", "core", "bootstrap"
# What stacks of ours make in SageMaker; other things there with the environment's tags are people's work.
OWN_STUDIO = tuple(
    f"sagemaker {kind}" for kind in ("domain", "app", "space", "user-profile", "studio-lifecycle-config")
)
# SageMaker finds them by name; the core stack makes them where they are missing, and leaves them.
SERVICE_ROLES = ("AmazonSageMakerServiceCatalogProductsLaunchRole", "AmazonSageMakerServiceCatalogProductsUseRole")
OWNER_TAG = "Owner"
INSTANCE = re.compile(r"StackSet-(?P<set>.+)-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, order=True)
class Leftover:
    """One thing in one account: `stack sm-mlops-dev`, `role …`; kind `unknown` when nobody could look.

    `part` is the part of `mlz destroy` that takes it away.
    """

    account: str
    kind: str
    name: str
    part: str = ""

    @property
    def is_work(self) -> bool:
        """People made it: models, endpoints, pipelines of their own. It is shown and never deleted."""
        return self.kind.startswith("sagemaker ") and self.kind not in OWN_STUDIO


@dataclass(frozen=True)
class Search:
    """What to look for: stacks by exact name and the part that each belongs to, stack sets by exact name."""

    environment: str
    type: str
    stages: tuple[str, ...]
    setup_role: str
    stacks: Mapping[str, str]
    stack_sets: frozenset[str]
    core: str

    @classmethod
    def of(cls, settings: Settings) -> Search:
        layers, stages = (targets.ROLES, targets.NETWORK), tuple(stage.name for stage in settings.targets.stages)
        own = (f"{settings.identity}-{layer}-{stage}" for layer in layers for stage in stages)
        return cls(
            environment=settings.environment.name,
            type=settings.environment.type,
            stages=stages,
            setup_role=settings.setup_role,
            stacks={
                settings.core.stack_name: CORE,
                settings.env_stack_name: ENV,
                f"{settings.identity}-bootstrap": BOOTSTRAP,
            },
            stack_sets=frozenset((*own, *settings.stack_sets)),
            core=settings.core.stack_name,
        )


def of_home(cloud: Cloud, settings: Settings, *, is_target: bool = False) -> list[Leftover]:
    """What is in the development account, where stack sets and the roles of projects live too."""
    search = Search.of(settings)
    types = (search.type, *(search.stages if is_target else ()))
    with translated(f"account {cloud.account}"):
        found = [
            *(("stack set", name, TARGETS) for name in _stack_sets(cloud, search)),
            *((SERVICE_ROLE, name, CORE) for name in _service_roles(cloud, search)),
            *_of_account(cloud, search, types),
        ]
    return sorted({Leftover(cloud.account, *one) for one in found})


def of_targets(accounts: Iterable[str], enter: Callable[[str], Cloud], settings: Settings) -> list[Leftover]:
    """What is in every target account, in parallel; an account that cannot be entered is a leftover of its own."""
    search = Search.of(settings)

    def look(account: str) -> list[Leftover]:
        try:
            with translated(f"account {account}"):
                return sorted({Leftover(account, *one) for one in _of_account(enter(account), search, search.stages)})
        except ToolError as problem:
            return [Leftover(account, UNKNOWN, problem.message)]

    with ThreadPoolExecutor(THREADS) as pool:
        return [found for answer in pool.map(look, accounts) for found in answer]


def _of_account(cloud: Cloud, search: Search, types: tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
    """Kind, name and part of stacks, of roles, and of everything with the environment's tags."""
    yield from ((STACK, name, part) for name, part in _stacks(cloud, search))
    yield from (("role", name, part) for name, part in _roles(cloud, search, types))
    known = {*search.stacks}
    for one in tagged.of(cloud, search.environment, types):
        if one.kind != STACK or one.name not in known:
            yield one.kind, one.name, _part(one, search)


def _part(one: Tagged, search: Search) -> str:
    if one.is_of_a_project:
        return PROJECTS
    if one.kind == STACK and (of_set := INSTANCE.fullmatch(one.name)) and of_set["set"] in search.stack_sets:
        return TARGETS
    return ENV if one.tags[TYPE_TAG] == search.type else TARGETS


def _stacks(cloud: Cloud, search: Search) -> Iterator[tuple[str, str]]:
    """Those named, those nested in them, and the instances of the environment's stack sets."""
    for entry in pages(cloud.client("cloudformation").list_stacks, "StackSummaries"):
        if entry["StackStatus"] == GONE:
            continue
        root = str(entry.get("RootId") or entry["StackId"]).split("/")[1]
        instance = INSTANCE.fullmatch(root)
        if root in search.stacks:
            yield entry["StackName"], search.stacks[root]
        elif instance and instance["set"] in search.stack_sets:
            yield entry["StackName"], TARGETS


def _stack_sets(cloud: Cloud, search: Search) -> list[str]:
    found = pages(cloud.client("cloudformation").list_stack_sets, "Summaries", Status="ACTIVE")
    return sorted(entry["StackSetName"] for entry in found if entry["StackSetName"] in search.stack_sets)


def _roles(cloud: Cloud, search: Search, types: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """By tags, which are asked only of roles with a fitting name: IAM is not in the listing of tagged resources."""
    api = cloud.client("iam")
    for page in api.get_paginator("list_roles").paginate():
        for role in page["Roles"]:
            name = str(role["RoleName"])
            fits = name == search.setup_role or name.startswith(f"{search.environment}-")
            tags = _role_tags(api, name) if fits else {}
            if tags.get(NAME_TAG) == search.environment and tags.get(TYPE_TAG) in (*types, search.type):
                yield name, _part_of_role(name, tags, search)


def _part_of_role(name: str, tags: Mapping[str, str], search: Search) -> str:
    if name == search.setup_role:
        return BOOTSTRAP
    return ENV if tags[TYPE_TAG] == search.type else TARGETS


def _role_tags(api: Api, name: str) -> dict[str, str]:
    """Empty when there is no such role."""
    try:
        with translated(f"role {name}"):
            return {tag["Key"]: tag["Value"] for tag in api.list_role_tags(RoleName=name)["Tags"]}
    except Refused as problem:
        if problem.code not in ("NoSuchEntity", "NoSuchEntityException"):
            raise
        return {}


def _service_roles(cloud: Cloud, search: Search) -> list[str]:
    """Those that this core stack made, whose id is their tag (templates.core.main_functions.owner)."""
    api = cloud.client("iam")
    makers = {name: _role_tags(api, name).get(OWNER_TAG, "").split("/") for name in SERVICE_ROLES}
    return [name for name, maker in makers.items() if maker[1:2] == [search.core]]


def lines(left: Iterable[Leftover], kept: Iterable[Leftover], names: Mapping[str, str], looked: int) -> list[str]:
    """What was kept on purpose, then `nothing is left in 31 accounts`, or what is."""

    def shown(word: str, found: Iterable[Leftover]) -> list[str]:
        return [f"{word}: {one.account} {names.get(one.account, '')}: {one.kind} {one.name}" for one in sorted(found)]

    first = shown("kept", kept)
    nothing = f"nothing {'else ' if first else ''}is left in {count(looked, 'account')}"
    return [*first, *(shown("left", left) or [nothing])]
