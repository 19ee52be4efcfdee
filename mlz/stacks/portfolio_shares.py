"""The portfolio of environments in other accounts: what is shared with units of the organization, and what should be.

Shares are no resource of a template (CloudFormation shares with accounts only). Those that this program made are noted
in an SSM parameter: they are ended when the settings no longer name them, all others are told and left alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.errors import ToolError

if TYPE_CHECKING:
    from stacksets.client import Cloud

WAITING = ("NOT_STARTED", "IN_PROGRESS")
TYPES = ("ORGANIZATION", "ORGANIZATIONAL_UNIT")
HINTS = {
    "InvalidStateException": "mlz bootstrap enables it in the organization",
    "OperationNotSupportedException": "mlz bootstrap makes this account a delegated administrator of Service Catalog",
    "AccessDeniedException": "the caller needs servicecatalog:*PortfolioShare* and ssm:PutParameter in this account",
}


@dataclass(frozen=True, order=True)
class Share:
    """With an organization or unit, by id."""

    node: str
    principals: bool = False
    tag_options: bool = False

    @property
    def request(self) -> dict[str, Any]:
        return {
            "OrganizationNode": _node(self.node),
            "SharePrincipals": self.principals,
            "ShareTagOptions": self.tag_options,
        }


@dataclass(frozen=True)
class SharePlan:
    """`kept` and `ended` are shares of ours, still wanted and not any more; `foreign` ones of somebody else stay."""

    portfolio: str
    missing: tuple[Share, ...] = ()
    changed: tuple[Share, ...] = ()
    kept: tuple[str, ...] = ()
    ended: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.missing or self.changed or self.ended)


def planned(portfolio: str, wanted: Iterable[Share], actual: Iterable[Share], ours: Iterable[str]) -> SharePlan:
    """Pure."""
    want, have = {share.node: share for share in wanted}, {share.node: share for share in actual}
    surplus = sorted(have.keys() - want.keys())
    own = set(ours)
    return SharePlan(
        portfolio,
        missing=tuple(sorted(want[node] for node in want.keys() - have.keys())),
        changed=tuple(sorted(want[node] for node in want.keys() & have.keys() if want[node] != have[node])),
        kept=tuple(sorted(own & want.keys() & have.keys())),
        ended=tuple(node for node in surplus if node in own),
        foreign=tuple(node for node in surplus if node not in own),
    )


def lines(plan: SharePlan) -> list[str]:
    """What would be done, one line each; empty where there is nothing to say."""
    flags = {share.node: _flags(share) for share in (*plan.missing, *plan.changed)}
    return [
        *(f"+ {plan.portfolio} is shared with {share.node}{flags[share.node]}" for share in plan.missing),
        *(f"~ {plan.portfolio} stays shared with {share.node}{flags[share.node]}" for share in plan.changed),
        *(f"- {plan.portfolio} is no longer shared with {node}" for node in plan.ended),
        *(f"! {plan.portfolio} is shared with {node}, by somebody else: left alone" for node in plan.foreign),
    ]


def _flags(share: Share) -> str:
    named = (("its principals' names", share.principals), ("tag options", share.tag_options))
    told = [name for name, is_shared in named if is_shared]
    return f", with {' and '.join(told)}" if told else ""


def _node(node: str) -> dict[str, str]:
    return {"Type": TYPES[node.startswith("ou-")], "Value": node}


@dataclass(frozen=True)
class Sharing:
    """The shares of a core stack's portfolio; `cloud` is the account that has it."""

    cloud: Cloud
    stack: str
    portfolio: str
    poll_seconds: float = 1.0

    def plan(self, wanted: Iterable[Share]) -> SharePlan:
        """What there is to do; reads only."""
        return planned(self.portfolio, wanted, self._actual(), self.noted())

    def apply(self, plan: SharePlan) -> None:
        """Do it; safe to repeat. What is about to be shared is noted before, so that no share of ours gets lost."""
        ours = {*plan.kept, *(share.node for share in plan.missing)}
        self._note({*ours, *plan.ended})
        client = self.cloud.client("servicecatalog")
        for share in plan.missing:
            self._done(client.create_portfolio_share, share.request)
        for share in plan.changed:
            self._done(client.update_portfolio_share, share.request)
        for node in plan.ended:
            self._done(client.delete_portfolio_share, {"OrganizationNode": _node(node)})
        self._note(ours)

    def _actual(self) -> list[Share]:
        from stacksets.client import translated

        client, found = self.cloud.client("servicecatalog"), []
        for kind in TYPES:
            token: dict[str, str] = {}
            while True:
                with translated(f"shares of {self.portfolio}", HINTS):
                    answer = client.describe_portfolio_shares(PortfolioId=self.portfolio, Type=kind, **token)
                found += [_share(row) for row in answer["PortfolioShareDetails"]]
                if not answer.get("NextPageToken"):
                    break
                token = {"PageToken": answer["NextPageToken"]}
        return found

    def _done(self, call: Callable[..., Any], request: Mapping[str, Any]) -> None:
        """Follow one operation to its end."""
        from stacksets.client import translated

        status = self.cloud.client("servicecatalog").describe_portfolio_share_status
        with translated(f"{self.portfolio} and {request['OrganizationNode']['Value']}", HINTS):
            token = call(PortfolioId=self.portfolio, **request)["PortfolioShareToken"]
            while (answer := status(PortfolioShareToken=token))["Status"] in WAITING:
                time.sleep(self.poll_seconds)
        if answer["Status"] != "COMPLETED":
            raise ToolError(_failure(self.portfolio, answer), "the accounts say why; then run it again")

    @property
    def _parameter(self) -> str:
        return f"/mlz/{self.stack}/portfolio-shares"

    def noted(self) -> list[str]:
        """Ids of what this program shared with."""
        from stacksets.client import Refused, translated

        try:
            with translated(self._parameter, HINTS):
                value = self.cloud.client("ssm").get_parameter(Name=self._parameter)["Parameter"]["Value"]
        except Refused as problem:
            if problem.code == "ParameterNotFound":
                return []
            raise
        return str(value).split(",")

    def _note(self, nodes: set[str]) -> None:
        from stacksets.client import translated

        if nodes == {*self.noted()}:
            return
        ssm = self.cloud.client("ssm")
        with translated(self._parameter, HINTS):
            if nodes:
                value = ",".join(sorted(nodes))
                ssm.put_parameter(Name=self._parameter, Value=value, Type="StringList", Overwrite=True)
            else:
                ssm.delete_parameter(Name=self._parameter)


def _share(row: Mapping[str, Any]) -> Share:
    """The recipient is given by id, or at the end of its ARN."""
    node = str(row["PrincipalId"]).rsplit("/", 1)[-1]
    return Share(node, bool(row.get("SharePrincipals")), bool(row.get("ShareTagOptions")))


def _failure(portfolio: str, answer: Mapping[str, Any]) -> str:
    details = answer.get("ShareDetails", {}).get("ShareErrors", ())
    errors = [f"{', '.join(error.get('Accounts', ()))}: {error.get('Message', '')}" for error in details]
    return f"{portfolio}: sharing with {answer['OrganizationNodeValue']} {'; '.join(errors) or answer['Status']}"
