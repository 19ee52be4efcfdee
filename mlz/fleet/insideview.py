"""What a plan changes inside the accounts, as text and for programs: equal accounts once, the others by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from mlz.stacks.changeview import change_line, change_record
from mlz.terminal.console import Line
from mlz.terminal.wording import count, listed

if TYPE_CHECKING:
    from mlz.fleet.inside import Insight
    from stacksets.changeset import ResourceChange
    from stacksets.clusters import Cluster
    from stacksets.divergence import Checked
    from stacksets.drift import Drift

SHOWN_CHANGES, SHOWN_ACCOUNTS = 8, 4


def lines(insight: Insight, *, detailed: bool = False) -> list[Line]:
    """Nothing where nothing was looked at."""
    inside = [*_sets(insight, detailed), *_joining(insight), *_warnings(insight.clusters)]
    heading = [Line("inside the accounts", "title")] if inside else []
    return [*heading, *inside, *_divergence(insight.checked, insight.names), *_drift(insight.drifts, insight.names)]


def _sets(insight: Insight, detailed: bool) -> Iterator[Line]:
    for name, found in groupby(insight.clusters, key=lambda cluster: cluster.stack_set):
        clusters = list(found)
        yield Line(f"  ~ {name}: {headline(clusters)}", "change")
        for cluster in clusters:
            if len(clusters) > 1 or cluster.refusal:
                yield Line(f"    {_who(cluster, insight.names)}", "error" if cluster.refusal else "")
            shown = cluster.changes if detailed else cluster.changes[:SHOWN_CHANGES]
            yield from (change_line(change, "      ") for change in shown)
            if rest := cluster.changes[len(shown) :]:
                yield Line(f"        … and {len(rest)} more: {listed(['/'.join(c.path) for c in rest], 4)}", "quiet")
        if left := insight.unseen.get(name):
            yield Line(f"    {count(left, 'more stack')} updated but not looked into; for all of them: --all", "quiet")


def headline(clusters: Sequence[Cluster]) -> str:
    """`487 accounts: the same 3 changes; 2 differ; 1 refused`."""
    seen = [cluster for cluster in clusters if not cluster.refusal]
    refused = sum(len(cluster.accounts) for cluster in clusters if cluster.refusal)
    differ = sum(len(cluster.accounts) for cluster in seen[1:])
    parts = [f"{count(len(seen[0].accounts), 'account')}: {_same(seen[0])}"] if seen else []
    parts += [f"{differ} differ{'s' if differ == 1 else ''}"] if differ else []
    parts += [f"{refused} refused"] if refused else []
    return "; ".join(parts)


def _same(cluster: Cluster) -> str:
    """`no changes`, `3 changes`, `the same 3 changes (1 replaced, 2 give access)`."""
    if not cluster.changes:
        return "no resource changes"
    the_same = "the same " if len(cluster.accounts) > 1 else ""
    certain = sum(change.replacement == "always" for change in cluster.changes)
    perhaps = len(cluster.replacements) - certain
    marks = [f"{certain} replaced"] if certain else []
    marks += [f"{perhaps} perhaps replaced"] if perhaps else []
    marks += [f"{len(cluster.widening)} give access"] if cluster.widening else []
    marked = f" ({', '.join(marks)})" if marks else ""
    return f"{the_same}{count(len(cluster.changes), 'change')}{marked}"


def _who(cluster: Cluster, names: Mapping[str, str]) -> str:
    named = listed([f"{one} {names.get(one, '')}".strip() for one in cluster.accounts], SHOWN_ACCOUNTS)
    if cluster.refusal:
        known = "; by the templates alone:" if cluster.changes else ""
        return f"{named}: refused: {cluster.refusal}{known}"
    return f"{named}: {_same(cluster)}"


def _joining(insight: Insight) -> Iterator[Line]:
    for one in insight.joining:
        new = f"{count(one.accounts, 'account')} without a stack: up to {count(one.resources, 'resource')}"
        yield Line(f"  + {one.stack_set}: {new}", "add")


def _warnings(clusters: Sequence[Cluster]) -> Iterator[Line]:
    replaced = _by_resource(clusters, lambda change: change.replacement == "always")
    if replaced:
        yield Line(f"  Warning: replaced means deleted and made anew: {listed(replaced, 3)}.", "error")
    if widened := _by_resource(clusters, lambda change: change.widens_access):
        yield Line(f"  Warning: somebody gets more access: {listed(widened, 3)}.", "error")


def _by_resource(clusters: Sequence[Cluster], wanted: Callable[[ResourceChange], bool]) -> list[str]:
    """`Role in 12 accounts`, each resource once."""
    held: dict[str, set[str]] = {}
    for cluster in clusters:
        for change in filter(wanted, cluster.changes):
            held.setdefault("/".join(change.path), set()).update(cluster.accounts)
    return [f"{name} in {count(len(accounts), 'account')}" for name, accounts in sorted(held.items())]


def _divergence(checked: Checked | None, names: Mapping[str, str]) -> Iterator[Line]:
    if checked is None or not checked.held:
        return
    unseen = [one for one in checked.divergences if one.kind == "unseen"]
    found = [one for one in checked.divergences if one.kind != "unseen"]
    seen = f"{checked.looked - len(unseen)} of {count(checked.held, 'stack')} looked at"
    what = f"{len(found)} not as the sets say" if found else "none was changed by hand"
    yield Line(f"by hand: {seen}, {what}{f'; {len(unseen)} refused' if unseen else ''}", "title")
    for one in found:
        who = f"{one.account} {names.get(one.account, '')}".strip()
        yield Line(f"  ! {one.stack_set}: {who}: {one.reason}", "error")
    for reason, alike in groupby(sorted(unseen, key=lambda one: one.reason), key=lambda one: one.reason):
        who = listed(sorted({names.get(one.account) or one.account for one in alike}), SHOWN_ACCOUNTS)
        yield Line(f"  . refused: {who}: {reason}", "quiet")


def _drift(drifts: Sequence[Drift], names: Mapping[str, str]) -> Iterator[Line]:
    for drift in drifts:
        unknown = f"; {len(drift.unknown)} unknown ({listed(drift.unknown, SHOWN_ACCOUNTS)})" if drift.unknown else ""
        said = f"{len(drift.drifted)} of {count(drift.instances, 'account')} drifted{unknown}"
        yield Line(f"drift: {drift.stack_set}: {said}", "title")
        for one in drift.drifted:
            who = f"{one.account} {names.get(one.account, '')}".strip()
            yield from (Line(f"  ! {who}: {resource}", "error") for resource in one.resources or ("drifted",))


def document(insight: Insight) -> dict[str, object]:
    """The same for programs."""
    checked = insight.checked
    return {
        "changes": [
            {
                "stack_set": cluster.stack_set,
                "accounts": list(cluster.accounts),
                "refused": cluster.refusal,
                "changes": [change_record(change) for change in cluster.changes],
            }
            for cluster in insight.clusters
        ],
        "not_looked_into": dict(insight.unseen),
        "joining": list(insight.joining),
        "by_hand": {"looked": checked.looked, "held": checked.held, "found": list(checked.divergences)}
        if checked
        else None,
        "drift": list(insight.drifts),
    }
