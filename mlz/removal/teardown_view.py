"""What taking an environment down would do, told part by part before anything is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from mlz.mlops import project_deletion
from mlz.removal import purge, tagged
from mlz.removal.leftovers import Leftover
from mlz.removal.tagged import BUCKET, STACK
from mlz.terminal.wording import count

if TYPE_CHECKING:
    from mlz.mlops.project_deletion import Holdings
    from mlz.mlops.projects import Project
    from mlz.removal.estate import Estate

KEPT = "kept: "
NOTHING = "nothing of this is there"


@dataclass(frozen=True)
class Announcement:
    """Says what becomes of what was found, account by account; nothing is changed."""

    estate: Estate
    found: Sequence[Leftover]
    purges: bool

    def lines(self, parts: Sequence[str]) -> list[str]:
        """What goes begins with `- `, what stays on purpose with `kept: `; what belongs to it is indented."""
        goes = [line for part in parts for line in self._part(part)]
        named = sorted(one for one in self.found if self._is_named(one))
        others = [one for one in self.found if one not in named]
        said = {*self.estate.data_buckets, *(self._of_projects if "projects" in parts else ())}
        told = [*goes, *(self._named(one) for one in named if one.name not in said)]
        told += self._others(others)
        return told or [NOTHING]

    def _part(self, part: str) -> list[str]:
        settings, estate = self.estate.settings, self.estate
        match part:
            case "projects":
                return list(self._projects())
            case "products":
                return [f"- the provisioned product {one.name} with its stack {one.stack}" for one in estate.products]
            case "targets":
                return self._sets()
            case "env":
                return [*self._stack(settings.env_stack_name), *self._contents()]
            case "core":
                return self._stack(settings.core.stack_name)
            case "bootstrap":
                held = {one.account for one in self.found if one.part == part}
                return [f"- the execution role {settings.setup_role} in {count(len(held), 'account')}"] if held else []
            case _:
                return self._packages()

    def _projects(self) -> Iterator[str]:
        for project, held in self._holdings:
            yield from held.lines(project, models=self.purges)

    @cached_property
    def _holdings(self) -> list[tuple[Project, Holdings]]:
        return [(one, project_deletion.holdings(self.estate.cloud, one)) for one in self.estate.projects]

    @property
    def _of_projects(self) -> set[str]:
        """Names of what the lines of projects say already, gone or kept."""
        return {name for _, held in self._holdings for name in (*held.buckets, held.group, held.pipeline)}

    def _sets(self) -> list[str]:
        state = self.estate.state
        if not state.sets:
            return []
        told = f"- {count(len(state.sets), 'stack set')} with their stacks in {count(len(state.accounts), 'account')}"
        return [told, *(f"    {name}: {count(len(one.accounts), 'account')}" for name, one in state.sets.items())]

    def _contents(self) -> Iterator[str]:
        """The domain and the buckets: what people put into them goes with them."""
        for domain in self.estate.domains:
            yield from (f"    {line}" for line in domain.lines(purges=self.purges))
        for bucket in self.estate.data_buckets:
            yield f"    the bucket {bucket}: {purge.counted(self.estate.cloud, bucket)}"

    def _is_named(self, one: Leftover) -> bool:
        """What stays on purpose, and what would if it were not purged."""
        return self.estate.keeps(one, purges=False)

    def _stack(self, name: str) -> list[str]:
        return [f"- the stack {name}"] if any((one.kind, one.name) == (STACK, name) for one in self.found) else []

    def _named(self, one: Leftover) -> str:
        held = f": {purge.counted(self.estate.enter(one.account), one.name)}" if one.kind == BUCKET else ""
        mark = KEPT if self.estate.keeps(one, purges=self.purges) else "- "
        return f"{mark}{self._place(one.account)}: {one.kind} {one.name}{held}"

    def _others(self, found: Sequence[Leftover]) -> Iterator[str]:
        """How much there is beside that, by account, those with equally much together: it goes with its stack."""
        numbers = Counter(one.account for one in found)
        for number in sorted({*numbers.values()}, reverse=True):
            places = [self._place(account) for account in sorted(numbers) if numbers[account] == number]
            if len(places) == 1:
                yield f"  {places[0]}: {number} stacks, roles and tagged resources"
            else:
                yield f"  {count(len(places), 'account')}: {number} stacks, roles and tagged resources in each"

    def _place(self, account: str) -> str:
        return f"{account} {self.estate.resolution.names.get(account, '')}".rstrip()

    def _packages(self) -> list[str]:
        package, cloud = self.estate.settings.package, self.estate.cloud
        if not package.bucket or not tagged.has_bucket(cloud, package.bucket):
            return []
        prefix = f"{package.prefix}/"
        return [f"- s3://{package.bucket}/{prefix}: {purge.counted(cloud, package.bucket, prefix)}"]
