"""Taking an environment down part by part; each part can be asked for again, and finds nothing to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.errors import ToolError
from mlz import bootstrapping, convergence, leftovers, own_sets, product, purge, stackwise, targets
from mlz.applying import applied
from mlz.leftovers import Leftover
from mlz.reporter import reporting
from mlz.session import connected, management
from mlz.wording import count

if TYPE_CHECKING:
    from mlz.options import Run
    from mlz.settings import Settings
    from stacksets.client import Cloud
    from stacksets.organization import Resolution
    from stacksets.state import State


@dataclass(frozen=True)
class Proof:
    """What should be gone and is not, what was kept on purpose, and in how many accounts was looked."""

    left: Sequence[Leftover]
    kept: Sequence[Leftover]
    accounts: int


@dataclass(frozen=True, kw_only=True)
class Teardown:
    """What is to be taken down, who does it, and what exists."""

    run: Run
    settings: Settings
    cloud: Cloud
    state: State
    resolution: Resolution
    unprotect: bool
    purges: bool

    @classmethod
    def of(cls, run: Run, settings: Settings, *, unprotect: bool, purges: bool) -> Teardown:
        """Read what exists; works when parts of it are gone already."""
        from stacksets.organization import Resolution, resolve
        from stacksets.state import State, read

        cloud, resolution, state = connected(settings), Resolution({}), State()
        if settings.targets.staging.is_declared or settings.stack_sets:
            state = read(convergence.service(cloud), convergence.set_names(settings))
            client = management(settings).client("organizations")
            resolution = resolve(client, convergence.scopes(settings), len(state.accounts), allow_empty=True)
        return cls(
            run=run,
            settings=settings,
            cloud=cloud,
            state=state,
            resolution=resolution,
            unprotect=unprotect,
            purges=purges,
        )

    @property
    def accounts(self) -> list[str]:
        """Every account of the environment's stages, and every one that one of its stack sets holds."""
        stages, sets = (stage.name for stage in self.settings.targets.stages), targets.columns(self.settings)
        served = {a for name in stages if name in self.resolution.stages for a in self.resolution.stages[name].accounts}
        held = (self.state.sets[column.stack_set] for column in sets if column.stack_set in self.state.sets)
        return sorted(served | {account for one in held for account in one.accounts})

    def refuse_early(self, parts: Sequence[str]) -> None:
        """ToolError when a role would go that the stack sets still need to take their stacks down."""
        early = [part for part in parts if part in ("bootstrap", "env")]
        if self.state.sets and early and "targets" not in parts:
            raise ToolError(
                f"destroy {early[0]}: {count(len(self.state.sets), 'stack set')} still need its role",
                f"take them down first: mlz destroy targets {' '.join(parts)}",
            )

    def announced(self, parts: Sequence[str]) -> list[str]:
        """What each part will delete."""
        sets, settings = len(self.state.sets), self.settings
        words = {
            "targets": f"- {sets} stack sets with their stacks in {len(self.state.accounts)} accounts",
            "bootstrap": f"- the execution role {settings.setup_role} in {len(self.accounts)} accounts",
            "env": f"- the stack {settings.env_stack_name}" + (", data, models, logs and keys" if self.purges else ""),
            "core": f"- the stack {settings.core.stack_name}",
        }
        return [words[part] for part in parts]

    def destroy(self, part: str) -> None:
        """One part; ToolError with the first cause when something resists."""
        match part:
            case "targets":
                self._targets()
            case "bootstrap":
                self._bootstrap()
            case "env":
                self._env()
            case "core":
                stackwise.deleted(self.run, self.cloud, self.settings.core.stack_name, self.unprotect)
                self._purge((leftovers.SERVICE_ROLE,))

    def _targets(self) -> None:
        from stacksets import organization, plan

        has_environment = self.settings.targets.staging.is_declared
        environment = targets.shells(self.settings, convergence.release(self.settings)) if has_environment else ()
        shells = (*environment, *own_sets.shells(self.settings))
        client = management(self.settings).client("organizations")
        standing = organization.standing(client, self.state.accounts, self.resolution)
        made = plan.destroy(shells, self.state, standing)
        applied(self.settings, self.cloud, self.state, made, self.run.console)

    def _bootstrap(self) -> None:
        from stacksets.bootstrap import Bootstrap, at

        if not self.accounts:
            return
        made = bootstrapping.prepared(self.settings, product.built(self.settings))
        with reporting(self.run.console) as report:
            Bootstrap(made.management, report).remove(at(made.spec, self.accounts))

    def _env(self) -> None:
        if self.purges:
            found = leftovers.of_home(self.cloud, self.cloud.account, self.settings, ())
            gone = purge.emptied(self.cloud, [one.name for one in found if one.kind == leftovers.BUCKET])
            self.run.console.progress(f"  deleted {count(gone, 'object')}")
        stackwise.deleted(self.run, self.cloud, self.settings.env_stack_name, self.unprotect)
        self._purge((leftovers.BUCKET, leftovers.KEY))

    def _purge(self, kinds: tuple[str, ...]) -> None:
        """Delete what the stacks left alone on purpose, when that was asked for."""
        if not self.purges:
            return
        found = leftovers.of_home(self.cloud, self.cloud.account, self.settings, ())
        for line in purge.purged(self.cloud, [one for one in found if one.kind in kinds]):
            self.run.console.progress(f"  {line}")

    def proof(self) -> Proof:
        """Look into every account."""
        settings = self.settings
        stacks = (settings.core.stack_name, settings.env_stack_name, f"{settings.identity}-bootstrap")
        found = leftovers.of_home(self.cloud, self.cloud.account, settings, stacks)
        chief = management(settings)

        def enter(account: str) -> Cloud:
            return chief.assume(f"arn:{chief.partition}:iam::{account}:role/{settings.access.bootstrap_role}")

        found += leftovers.of_targets(self.accounts, enter, settings, stacks)
        kept = [] if self.purges else [one for one in found if one.kind in leftovers.RETAINED]
        return Proof([one for one in found if one not in kept], kept, len(self.accounts) + 1)

    def lines(self, proof: Proof) -> list[str]:
        return leftovers.lines(proof.left, proof.kept, self.resolution.names, proof.accounts)
