"""Deploying and deleting the two stacks of the development account, shown and agreed to before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlz.fleet import convergence, facts, targets
from mlz.stacks import changeview, parameters
from mlz.terminal.reporter import reporting
from mlz.terminal.wording import table

if TYPE_CHECKING:
    from generator.package.manifest import Manifest
    from mlz.config.settings import Settings
    from mlz.options import Run
    from stacksets.changeset import ChangeSetView
    from stacksets.client import Cloud
    from stacksets.stacks import StackSpec

CORE, ENV = "core-main.yaml", "env-main.yaml"


def core_spec(settings: Settings, manifest: Manifest, cloud: Cloud) -> StackSpec:
    """The core stack as wanted."""
    given = parameters.core(settings, manifest.template(CORE))
    return _spec(settings, manifest, cloud, CORE, settings.core.stack_name, given)


def env_spec(settings: Settings, manifest: Manifest, cloud: Cloud) -> StackSpec:
    """The environment stack as wanted; its stack sets belong to the orchestrator."""
    entry = manifest.template(ENV)
    parameters.env(convergence.without_names(settings), entry, ["?"] * facts.WANTED_ZONES, manifest.bucket)
    known = convergence.identified(settings, cloud)
    given = parameters.env(known, entry, facts.zones(cloud, settings), manifest.bucket, facts.s3_prefix_list(cloud))
    return _spec(settings, manifest, cloud, ENV, settings.env_stack_name, given)


def _spec(
    settings: Settings, manifest: Manifest, cloud: Cloud, file: str, name: str, given: Mapping[str, str]
) -> StackSpec:
    from stacksets.stacks import StackSpec

    entry = manifest.template(file)
    return StackSpec(
        name=name,
        template_url=targets.template_url(manifest, entry, cloud.partition),
        template=entry,
        parameters=given,
        tags=settings.tags,
        is_protected=settings.is_production,
    )


def deployed(run: Run, cloud: Cloud, spec: StackSpec) -> bool:
    """Show the change set, ask, run it, print the outputs; False when it was a dry run."""
    from stacksets.changeset import Deployer

    with reporting(run.console) as report:
        view = Deployer(cloud=cloud, report=report).prepare(spec, may_delete=not run.dry_run)
    if run.dry_run:
        _show(run, view)
        _show_changes(run, view)
        Deployer(cloud=cloud).discard(view)
        return False
    if not view.is_empty:
        _show(run, view)
        _agree(run, cloud, view)
    with reporting(run.console) as report:
        outputs = Deployer(cloud=cloud, report=report).execute(view, spec)
    _show_outputs(run, spec.name, outputs)
    return True


def _agree(run: Run, cloud: Cloud, view: ChangeSetView) -> None:
    from stacksets.changeset import Deployer

    try:
        run.console.agreed(f"Run this change set on {view.stack}?", yes=run.yes)
    except BaseException:
        Deployer(cloud=cloud).discard(view)
        raise


def _show(run: Run, view: ChangeSetView) -> None:
    """In front of outputs as data, the change set is progress."""
    for line in changeview.lines(view, detailed=run.console.verbosity > 0):
        run.console.progress(line.text, line.style)


def _show_changes(run: Run, view: ChangeSetView) -> None:
    from mlz.terminal.output import text_of

    if run.output != "text":
        run.console.data(text_of(changeview.document(view), run.output))


def _show_outputs(run: Run, name: str, outputs: Mapping[str, str]) -> None:
    from mlz.terminal.output import text_of

    if run.output != "text":
        run.console.data(text_of({"stack": name, "outputs": dict(outputs)}, run.output))
    elif outputs:
        rows = table([name, "output"], sorted(outputs.items()))
        run.console.data("\n".join(rows))


def deleted(run: Run, cloud: Cloud, name: str, unprotect: bool) -> bool:
    """Delete a stack with progress; False when there was none."""
    from stacksets.changeset import Deployer

    with reporting(run.console) as report:
        return Deployer(cloud=cloud, report=report).delete(name, unprotect=unprotect)
