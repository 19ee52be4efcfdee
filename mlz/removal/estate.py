"""What of an environment exists, read once and before anything is taken down."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from mlz.fleet import convergence, targets
from mlz.mlops import projects
from mlz.mlops.projects import Project
from mlz.removal import leftovers, provisioned, studio
from mlz.removal.leftovers import BOOTSTRAP, PROJECTS, RETAINED, TARGETS, UNKNOWN, Leftover
from mlz.removal.provisioned import Provisioned
from mlz.removal.studio import Domain
from mlz.session import connected, management
from mlz.stacks import stack_resources

if TYPE_CHECKING:
    from mlz.config.settings import Settings
    from stacksets.client import Cloud
    from stacksets.organization import Resolution
    from stacksets.state import State

# Parts of which something stands in target accounts.
ELSEWHERE = frozenset({PROJECTS, TARGETS, BOOTSTRAP})
# Listings of tagged resources lag behind deletions: what is left is looked for again, so many times.
LOOKS = 5


@dataclass(frozen=True)
class Proof:
    """What should be gone and is not, what was kept on purpose, and in how many accounts was looked."""

    left: Sequence[Leftover]
    kept: Sequence[Leftover]
    accounts: int


@dataclass(frozen=True)
class Estate:
    """The environment as its stacks, stack sets and tags show it; works when parts of it are gone already."""

    settings: Settings
    cloud: Cloud
    state: State
    resolution: Resolution

    @classmethod
    def of(cls, settings: Settings) -> Estate:
        from stacksets.organization import Resolution, resolve
        from stacksets.state import State, read

        cloud, resolution, state = connected(settings), Resolution({}), State()
        if settings.targets.staging.is_declared or settings.stack_sets:
            state = read(convergence.service(cloud), convergence.set_names(settings))
            client = management(settings).client("organizations")
            resolution = resolve(client, convergence.scopes(settings), len(state.accounts), allow_empty=True)
        return cls(settings, cloud, state, resolution)

    @property
    def accounts(self) -> list[str]:
        """Every account of the environment's stages, and every one that one of its stack sets holds."""
        stages, sets = (stage.name for stage in self.settings.targets.stages), targets.columns(self.settings)
        served = {a for name in stages if name in self.resolution.stages for a in self.resolution.stages[name].accounts}
        held = (self.state.sets[column.stack_set] for column in sets if column.stack_set in self.state.sets)
        return sorted(served | {account for one in held for account in one.accounts})

    @cached_property
    def projects(self) -> list[Project]:
        return projects.of(self.cloud, self.settings)

    @cached_property
    def products(self) -> list[Provisioned]:
        """What was launched from the environment's portfolios beside its projects."""
        of_projects = {project.stack for project in self.projects}
        found = provisioned.of(self.cloud, self.settings.env_stack_name)
        return [one for one in found if one.stack not in of_projects]

    @cached_property
    def launched_from_core(self) -> list[Provisioned]:
        return provisioned.of(self.cloud, self.settings.core.stack_name)

    @property
    def launch(self) -> Provisioned | None:
        """The provisioned product whose stack is the environment's: it was launched from the catalog."""
        return next((one for one in self.launched_from_core if one.stack == self.settings.env_stack_name), None)

    @cached_property
    def domains(self) -> list[Domain]:
        return studio.of(self.cloud, self.settings.env_stack_name)

    @cached_property
    def buckets(self) -> tuple[str, ...]:
        """The buckets that the environment's stack holds."""
        return stack_resources.of(self.cloud, self.settings.env_stack_name, "AWS::S3::Bucket")

    @cached_property
    def data_buckets(self) -> list[str]:
        """Those of them that go with the stack: it publishes their names, and CloudFormation wants them empty."""
        from stacksets.stacks import find

        stack = find(self.cloud, self.settings.env_stack_name)
        published = set(stack.outputs.values()) if stack else set()
        return sorted(set(self.buckets) & published)

    def look(self, parts: Collection[str]) -> list[Leftover]:
        """Whatever belongs to these parts, in every account where that may be."""
        found = leftovers.of_home(self.cloud, self.settings, is_target=self.cloud.account in self.accounts)
        if ELSEWHERE & {*parts}:
            others = [account for account in self.accounts if account != self.cloud.account]
            found += leftovers.of_targets(others, self.enter, self.settings)
        return [one for one in found if one.part in parts or one.kind == UNKNOWN]

    def keeps(self, one: Leftover, *, purges: bool) -> bool:
        """Whether it stays on purpose: what stacks retain, unless that is purged, and people's work in this account."""
        return (one.kind in RETAINED and not purges) or (one.is_work and one.account == self.cloud.account)

    def enter(self, account: str) -> Cloud:
        """The account as the organization's management account may act in it."""
        if account == self.cloud.account:
            return self.cloud
        role = self.settings.access.bootstrap_role
        return self._chief.assume(f"arn:{self._chief.partition}:iam::{account}:role/{role}")

    @cached_property
    def _chief(self) -> Cloud:
        return management(self.settings)

    def proof(self, parts: Collection[str], *, purges: bool) -> Proof:
        """What there still is of these parts."""
        for number in range(1, LOOKS + 1):
            found = self.look(parts)
            kept = [one for one in found if self.keeps(one, purges=purges)]
            left = [one for one in found if one not in kept]
            if not left or number == LOOKS:
                break
            time.sleep(self.settings.rollout.poll_seconds * number)
        looked = len({self.cloud.account, *(self.accounts if ELSEWHERE & {*parts} else ())})
        return Proof(left, kept, looked)
