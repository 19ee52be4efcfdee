"""`mlz status`: account by stack set; reads only."""

from __future__ import annotations

from mlz.options import Run, verb


@verb("Show accounts by stack set.")
def command(run: Run) -> None:
    from mlz import convergence, statusview, targets
    from mlz.output import text_of
    from mlz.session import connected
    from stacksets.organization import resolve
    from stacksets.state import read

    settings = run.settings()
    convergence.require_targets(settings)
    cloud = connected(settings)
    columns = targets.columns(settings)
    state = read(convergence.service(cloud), [column.stack_set for column in columns])
    resolution = resolve(cloud.client("organizations"), targets.scopes(settings), len(state.accounts), True)
    found = statusview.standings(state, columns, resolution.names)
    missing = [column.stack_set for column in columns if column.stack_set not in state.sets]
    if run.output == "text":
        run.console.lines(statusview.lines(found, missing))
    else:
        run.console.data(text_of(statusview.document(found, missing), run.output))
    behind = missing or not all(standing.is_current for standing in found)
    run.console.next("mlz plan" if behind else "nothing to repair; mlz plan shows whether something is to change")
