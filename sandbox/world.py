"""Declares a world: an organization with its units and accounts, and builds it in a running sandbox."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.organizations.models import FakeAccount, FakeOrganization, OrganizationsBackend, organizations_backends

from generator.errors import ToolError
from sandbox import organizations
from sandbox.identity import MANAGEMENT_ACCOUNT
from sandbox.organizations import STACKSETS_PRINCIPAL
from sandbox.server import Sandbox

DEV_ACCOUNT = "222222222222"
_FIRST_TARGET = 300000000001


@dataclass(frozen=True)
class Unit:
    """An organizational unit: its name, how many accounts stand directly in it, and the units below it.

    `suspended` of the accounts, the last ones, are closed.
    """

    name: str
    accounts: int = 0
    suspended: int = 0
    units: tuple[Unit, ...] = ()


@dataclass(frozen=True)
class World:
    """An organization as it shall be; accounts get ids in the order in which units are declared, depth first."""

    units: tuple[Unit, ...] = ()
    management: str = MANAGEMENT_ACCOUNT
    dev: str = DEV_ACCOUNT
    dev_is_delegated: bool = False


@dataclass(frozen=True)
class Built:
    """What stands in the sandbox. Paths are unit names joined by `/`, as in `workloads/staging`."""

    organization: str
    root: str
    management: str
    dev: str
    units: Mapping[str, str]
    accounts: Mapping[str, tuple[str, ...]]
    suspended: frozenset[str] = field(default_factory=frozenset)

    def below(self, path: str) -> tuple[str, ...]:
        """All accounts in the unit and in those below it, suspended ones too."""
        return tuple(a for p, found in self.accounts.items() if p == path or p.startswith(f"{path}/") for a in found)

    def active(self, path: str) -> tuple[str, ...]:
        """The accounts below a unit without the suspended ones."""
        return tuple(account for account in self.below(path) if account not in self.suspended)


class _DeclaredAccount(FakeAccount):
    """moto draws account ids at random; here they are declared."""

    def __init__(self, declared_id: str, organization: FakeOrganization, **facts: Any) -> None:
        self._declared_id = declared_id
        super().__init__(organization, **facts)

    @property
    def id(self) -> str:
        return self._declared_id

    @id.setter  # noqa: A003 - moto names it so
    def id(self, _drawn: str) -> None:
        """The declared id stays."""


def build(sandbox: Sandbox, world: World) -> Built:
    """Make the organization by direct calls, without HTTP; ToolError when there is one already."""
    backend = organizations_backends[world.management]["aws"]
    if backend.org is not None:
        raise ToolError("world: the sandbox has an organization already", "start a fresh sandbox")
    backend.create_organization("us-east-1", FeatureSet="ALL")
    assert backend.org is not None
    root = backend.org.root_id
    units: dict[str, str] = {}
    accounts: dict[str, tuple[str, ...]] = {}
    suspended: set[str] = set()
    next_id = _FIRST_TARGET
    for path, unit in _walked(world.units):
        parent = units.get(path.rpartition("/")[0], root)
        units[path] = backend.create_organizational_unit(Name=unit.name, ParentId=parent)["OrganizationalUnit"]["Id"]
        ids = [str(next_id + offset) for offset in range(unit.accounts)]
        next_id += unit.accounts
        for number, account_id in enumerate(ids, 1):
            _add_account(backend, account_id, f"{unit.name}-{number}", units[path])
        for account_id in ids[len(ids) - unit.suspended :]:
            backend.close_account(AccountId=account_id)
            suspended.add(account_id)
        accounts[path] = tuple(ids)
    _add_account(backend, world.dev, "dev", root)
    if world.dev_is_delegated:
        principal = {"AccountId": world.dev, "ServicePrincipal": STACKSETS_PRINCIPAL}
        organizations.answer("RegisterDelegatedAdministrator", world.management, principal)
    sandbox.identity.default_account = world.management
    return Built(backend.org.id, root, world.management, world.dev, units, accounts, frozenset(suspended))


def _walked(units: tuple[Unit, ...], above: str = "") -> Iterator[tuple[str, Unit]]:
    for unit in units:
        path = f"{above}{unit.name}"
        yield path, unit
        yield from _walked(unit.units, f"{path}/")


def _add_account(backend: OrganizationsBackend, account_id: str, name: str, parent: str) -> None:
    assert backend.org is not None
    account = _DeclaredAccount(account_id, backend.org, AccountName=name, Email=f"{name}@example.com")
    account.parent_id = parent
    backend.accounts.append(account)
    organizations_backends.master_accounts[account_id] = (backend.account_id, backend.partition)
