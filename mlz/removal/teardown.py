"""Taking an environment down part by part; each part can be asked for again, and finds nothing to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from generator.errors import ToolError
from mlz.fleet import bootstrapping, convergence, own_sets, targets
from mlz.fleet.applying import applied
from mlz.mlops import project_deletion
from mlz.release import product
from mlz.removal import provisioned, purge, shared_home, studio, tagged
from mlz.removal.estate import Estate
from mlz.removal.leftovers import BOOTSTRAP, CORE, ENV, PRODUCTS, PROJECTS, RETAINED, TARGETS, Leftover
from mlz.session import management
from mlz.stacks import sharing, stackwise
from mlz.terminal.reporter import reporting
from mlz.terminal.wording import count

if TYPE_CHECKING:
    from mlz.config.settings import Settings
    from mlz.options import Run
    from stacksets.client import Cloud


@dataclass(frozen=True, kw_only=True)
class Teardown:
    """What is to be taken down and how; `purges` deletes also what stacks leave alone on purpose.

    `found` is what was there before.
    """

    run: Run
    estate: Estate
    found: Sequence[Leftover]
    unprotect: bool
    purges: bool

    def objections(self, parts: Sequence[str]) -> Iterator[ToolError]:
        """Why it would stop before anything is gone: others still need what would go, or it holds data."""
        estate = self.estate
        needed = (
            (TARGETS, len(estate.state.sets), "stack set", (ENV, BOOTSTRAP)),
            (PROJECTS, len(estate.projects), "project", (TARGETS, ENV, CORE)),
            (PRODUCTS, len(estate.products), "provisioned product", (ENV, CORE)),
        )
        for part, number, noun, before in needed:
            early = [one for one in parts if one in before]
            if number and early and part not in parts:
                yield ToolError(
                    f"destroy {early[0]}: {count(number, noun)} still need{'' if number > 1 else 's'} it",
                    f"take them down first: mlz destroy {part} {' '.join(parts)}",
                )
        foreign = [one for one in estate.launched_from_core if one != estate.launch or ENV not in parts]
        if CORE in parts and foreign:
            yield ToolError(
                f"destroy core: {foreign[0].name} was launched from its portfolio and needs its role",
                "whoever launched it terminates it first; the other parts can go without: mlz destroy targets env",
            )
        if ENV in parts and not self.purges:
            yield from self._data()

    def _data(self) -> Iterator[ToolError]:
        """CloudFormation deletes no bucket with objects: better to say so before anything is gone."""
        for bucket in self.estate.data_buckets:
            held = purge.counted(self._cloud, bucket)
            if held.is_data:
                yield ToolError(
                    f"{bucket}: {held}, and CloudFormation deletes no bucket that holds any",
                    "delete data and models too: mlz destroy --purge; or move them elsewhere first",
                )

    def destroy(self, part: str) -> None:
        """One part; ToolError with the first cause when something resists."""
        match part:
            case "projects":
                self._projects()
            case "products":
                self._products()
            case "targets":
                self._targets()
            case "env":
                self._env()
            case "core":
                for line in sharing.withdrawn(self._settings, self._cloud):
                    self._tell(line)
                stackwise.deleted(self.run, self._cloud, self._settings.core.stack_name, self.unprotect)
            case "packages":
                self._packages()
            case "bootstrap":
                self._bootstrap()
        if self.purges and any(one.part == part and one.kind in RETAINED for one in self.found):
            self._purge(part)

    @property
    def _cloud(self) -> Cloud:
        return self.estate.cloud

    @property
    def _settings(self) -> Settings:
        return self.estate.settings

    @property
    def _first(self) -> float:
        """The first wait between looks, in seconds."""
        return self._settings.rollout.poll_seconds

    def _tell(self, text: str, style: str = "") -> None:
        self.run.console.progress(f"  {text}", style)

    def _projects(self) -> None:
        for project in self.estate.projects:
            self._tell(f"project {project.name}", "title")
            project_deletion.delete(self._settings, self._cloud, project, self.run.console, models=self.purges)

    def _products(self) -> None:
        for one in self.estate.products:
            provisioned.terminate(self._cloud, one, self._first)
            self._tell(f"terminated the provisioned product {one.name}")

    def _targets(self) -> None:
        from stacksets import organization, plan

        settings, state = self._settings, self.estate.state
        has_environment = settings.targets.staging.is_declared
        environment = targets.shells(settings, convergence.release(settings)) if has_environment else ()
        shells = (*environment, *own_sets.shells(settings))
        client = management(settings).client("organizations")
        standing = organization.standing(client, state.accounts, self.estate.resolution)
        applied(settings, self._cloud, state, plan.destroy(shells, state, standing), self.run.console)

    def _env(self) -> None:
        """The domain first: only so can its file system go or stay as wanted, and its network be free."""
        environment = self._settings.environment
        for domain in self.estate.domains:
            shared_home.claim(self._cloud, domain.home, environment.name, environment.type)
            studio.delete(self._cloud, domain, self._first, purges=self.purges)
            self._tell(f"deleted the domain {domain.id}")
        if self.purges:
            gone = purge.emptied(self._cloud, self.estate.buckets)
            self._tell(f"deleted {count(gone, 'object version')}")
        if self.estate.launch:
            provisioned.terminate(self._cloud, self.estate.launch, self._first)
        else:
            stackwise.deleted(self.run, self._cloud, self._settings.env_stack_name, self.unprotect)

    def _packages(self) -> None:
        """Our releases, and the bucket when it holds nothing else."""
        bucket, prefix = self._settings.package.bucket, self._settings.package.prefix
        if not bucket or not tagged.has_bucket(self._cloud, bucket):
            return
        gone = purge.emptied(self._cloud, [bucket], f"{prefix}/")
        self._tell(f"deleted {count(gone, 'object version')} below {prefix}/ in {bucket}")
        others = purge.counted(self._cloud, bucket)
        if others.is_data:
            self._tell(f"kept the bucket {bucket}: {others} below other prefixes", "change")
            return
        purge.delete_bucket(self._cloud, bucket)
        self._tell(f"deleted the bucket {bucket}")

    def _bootstrap(self) -> None:
        from stacksets.bootstrap import Bootstrap, at

        if not self.estate.accounts:
            return
        made = bootstrapping.prepared(self._settings, product.built(self._settings))
        with reporting(self.run.console) as report:
            Bootstrap(made.management, report).remove(at(made.spec, self.estate.accounts))

    def _purge(self, part: str) -> None:
        """Delete what the part's stacks left alone on purpose, in every account."""
        found = [one for one in self.estate.look((part,)) if one.kind in RETAINED]
        for account, things in groupby(found, lambda one: one.account):
            for line in purge.purged(self.estate.enter(account), things, self._first):
                self._tell(f"{account}: {line}")
