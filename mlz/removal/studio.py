"""Taking a SageMaker domain down: apps, spaces, profiles, the domain; every step goes on where it was cut off."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.errors import ToolError
from mlz.removal import shared_home
from mlz.removal.shared_home import Home
from mlz.removal.vanishing import until_gone
from mlz.stacks import stack_resources
from mlz.terminal.wording import count
from stacksets.client import pages, translated

if TYPE_CHECKING:
    from stacksets.client import Api, Cloud

DOMAIN = "AWS::SageMaker::Domain"
# These apps keep nothing, and DeleteApp refuses one that has failed (Developer Guide, "Delete a domain"; 2026-11-22).
OVER = ("Deleted", "Failed")
RUNNING = "InService"
Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Domain:
    """A domain that a stack made; `exists` is False when only its home is left. `apps` are `type name (status)`."""

    id: str
    arn: str
    exists: bool
    apps: tuple[str, ...]
    spaces: tuple[str, ...]
    profiles: tuple[str, ...]
    home: Home

    def lines(self, *, purges: bool) -> list[str]:
        """What there is and what becomes of it."""
        told = f"the domain {self.id} with {count(len(self.apps), 'app')}, {count(len(self.spaces), 'space')} and "
        found = [f"{told}{count(len(self.profiles), 'user profile')}"] if self.exists else []
        found += [f"{'' if purges else 'kept: '}the file system {system} of {self.id}" for system in self.home.systems]
        groups = count(len(self.home.groups), "security group")
        return found + ([f"{groups} and the mount targets of {self.id}"] if self.home.groups else [])


def of(cloud: Cloud, stack: str) -> list[Domain]:
    """The domains that a stack made, as far as anything of them is left."""
    found = [_domain(cloud, identity) for identity in stack_resources.of(cloud, stack, DOMAIN)]
    return [one for one in found if one.exists or one.home.systems or one.home.groups]


def _domain(cloud: Cloud, identity: str) -> Domain:
    api, arn = cloud.client("sagemaker"), f"arn:{cloud.partition}:sagemaker:{cloud.region}:{cloud.account}"
    exists = bool(_domains(api, identity))
    apps = _apps(api, identity) if exists else []
    return Domain(
        id=identity,
        arn=f"{arn}:domain/{identity}",
        exists=exists,
        apps=tuple(sorted(f"{app['AppType']} {app['AppName']} ({app['Status']})" for app in apps)),
        spaces=tuple(sorted(row["SpaceName"] for row in _spaces(api, identity))) if exists else (),
        profiles=tuple(sorted(row["UserProfileName"] for row in _profiles(api, identity))) if exists else (),
        home=shared_home.of(cloud, f"{arn}:domain/{identity}"),
    )


def delete(cloud: Cloud, domain: Domain, first: float, *, purges: bool) -> None:
    """Delete a domain with all that people started in it; its file system stays unless `purges`.

    `first` is the first wait between looks, in seconds. ToolError names what cannot be deleted, or is still there.
    """
    api = cloud.client("sagemaker")
    if domain.exists:
        _empty(api, domain.id, first)
        retention = {"HomeEfsFileSystem": "Delete" if purges else "Retain"}

        def ask(row: Row) -> None:
            if _may_ask(row, f"domain {domain.id}"):
                api.delete_domain(DomainId=domain.id, RetentionPolicy=retention)

        _ended(f"domain {domain.id}", lambda: _domains(api, domain.id), ask, first)
    left = shared_home.of(cloud, domain.arn)
    shared_home.detach(cloud, left, first)
    if purges:
        for system in left.systems:
            shared_home.delete(cloud, system, first)


def _empty(api: Api, domain: str, first: float) -> None:
    """Apps, then the spaces and profiles that had them."""

    def end_app(app: Row) -> None:
        if app["Status"] == RUNNING:
            owner = "SpaceName" if app.get("SpaceName") else "UserProfileName"
            address = {name: app[name] for name in (owner, "AppType", "AppName")}
            api.delete_app(DomainId=domain, **address)

    def end_space(row: Row) -> None:
        if _may_ask(row, f"space {row['SpaceName']}"):
            api.delete_space(DomainId=domain, SpaceName=row["SpaceName"])

    def end_profile(row: Row) -> None:
        if _may_ask(row, f"user profile {row['UserProfileName']}"):
            api.delete_user_profile(DomainId=domain, UserProfileName=row["UserProfileName"])

    _ended(f"apps of {domain}", lambda: _apps(api, domain), end_app, first)
    _ended(f"spaces of {domain}", lambda: _spaces(api, domain), end_space, first)
    _ended(f"user profiles of {domain}", lambda: _profiles(api, domain), end_profile, first)


def _ended(what: str, look: Callable[[], list[Row]], ask: Callable[[Row], None], first: float) -> None:
    with translated(what):
        until_gone(what, look, ask, first)


def _may_ask(row: Row, what: str) -> bool:
    """Whether it is not going already; ToolError when SageMaker gave it up."""
    if row["Status"] == "Delete_Failed":
        raise ToolError(f"{what}: SageMaker could not delete it", "see why in the SageMaker console, then run it again")
    return bool(row["Status"] != "Deleting")


def _apps(api: Api, domain: str) -> list[Row]:
    return [row for row in _rows(api.list_apps, "Apps", domain) if row["Status"] not in OVER]


def _spaces(api: Api, domain: str) -> list[Row]:
    return list(_rows(api.list_spaces, "Spaces", domain))


def _profiles(api: Api, domain: str) -> list[Row]:
    return list(_rows(api.list_user_profiles, "UserProfiles", domain))


def _domains(api: Api, domain: str) -> list[Row]:
    return [row for row in pages(api.list_domains, "Domains") if row["DomainId"] == domain]


def _rows(call: Api, key: str, domain: str) -> Iterable[Row]:
    return pages(call, key, DomainIdEquals=domain)
