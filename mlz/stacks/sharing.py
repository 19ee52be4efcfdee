"""Sharing the portfolio of environments as the settings say: shown, agreed to, done; and taken back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from generator.errors import ToolError
from mlz.stacks.portfolio_shares import Share, SharePlan, Sharing, lines

if TYPE_CHECKING:
    from mlz.config.settings import Settings
    from mlz.options import Run
    from mlz.terminal.console import Style
    from stacksets.client import Cloud

STYLES: Mapping[str, Style] = {"+": "add", "~": "change", "-": "remove", "!": "hint"}
NOT_YET = "the portfolio"


def of(settings: Settings, cloud: Cloud) -> Sharing | None:
    """The shares of the core stack as it stands; None where there is no stack or it has no portfolio."""
    from stacksets.stacks import find

    stack = find(cloud, settings.core.stack_name)
    portfolio = stack.outputs.get("PortfolioId", "") if stack else ""
    poll = settings.rollout.poll_seconds
    return Sharing(cloud, settings.core.stack_name, portfolio, poll) if portfolio else None


def wanted(settings: Settings, cloud: Cloud) -> list[Share]:
    """The shares of the settings, units by id; the root stands for the organization."""
    from stacksets.directory import Directory

    given = settings.portfolios
    if not given.share_with:
        return []
    paths = Directory(cloud.client("organizations")).paths(given.share_with)
    nodes = {_place(path) for path in paths.values()}
    return [Share(node, given.share_principals, given.share_tag_options) for node in sorted(nodes)]


def _place(path: str) -> str:
    organization, *below = path.strip("/").split("/")
    return below[-1] if below[-1].startswith("ou-") else organization


def plan(settings: Settings, cloud: Cloud) -> SharePlan:
    """What there is to do; reads only, and asks nothing where nothing was ever shared and nothing is to be."""
    shares = of(settings, cloud)
    if shares is None:
        return SharePlan(NOT_YET, missing=tuple(wanted(settings, cloud)))
    if not (settings.portfolios.share_with or shares.noted()):
        return SharePlan(shares.portfolio)
    return shares.plan(wanted(settings, cloud))


def converged(run: Run, settings: Settings, cloud: Cloud) -> None:
    """Show what is to be shared with whom, ask, and do it; in a dry run only show it."""
    made = plan(settings, cloud)
    for line in lines(made):
        run.console.progress(line, STYLES[line[0]])
    shares = of(settings, cloud)
    if shares is None or made.is_empty or run.dry_run:
        return
    run.console.agreed(f"Change who sees {made.portfolio}?", yes=run.yes)
    shares.apply(made)


def withdrawn(settings: Settings, cloud: Cloud) -> list[str]:
    """End our shares, and tell which; a portfolio that is shared cannot be deleted.

    ToolError where somebody else shares it too.
    """
    shares = of(settings, cloud)
    if shares is None:
        return []
    made = shares.plan(())
    if made.foreign:
        raise ToolError(
            f"{made.portfolio}: it is shared with {', '.join(made.foreign)} by somebody else, and cannot be deleted",
            "have these shares ended: aws servicecatalog delete-portfolio-share",
        )
    shares.apply(made)
    return lines(made)
