"""Who gets which network: a CIDR for each account from one pool, without overlap, and never another one later."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network

from generator.errors import ToolError

LARGEST, SMALLEST = 16, 28
PRIVATE = tuple(f"PrivateSubnet{position}ACIDR" for position in range(1, 5))
PUBLIC = tuple(f"PublicSubnet{position}CIDR" for position in range(1, 5))


@dataclass(frozen=True, slots=True)
class Block:
    """A range in use, and by whom."""

    network: IPv4Network
    owner: str


@dataclass(frozen=True, slots=True)
class Allocation:
    """The VPC of one account with its subnets; `overrides` are the parameters of env-vpc.yaml."""

    vpc: IPv4Network
    private: tuple[IPv4Network, ...]
    public: tuple[IPv4Network, ...]

    @property
    def overrides(self) -> dict[str, str]:
        subnets = dict(zip(PRIVATE, self.private, strict=False)) | dict(zip(PUBLIC, self.public, strict=False))
        return {"VPCCIDR": str(self.vpc), **{name: str(network) for name, network in subnets.items()}}


def network(text: str, where: str) -> IPv4Network:
    """An IPv4 range; `where` is named in the ToolError."""
    try:
        return IPv4Network(text)
    except ValueError as problem:
        raise ToolError(f"{where}: {problem}", "give a range like 10.0.0.0/16, its host bits zero") from problem


def subnets(vpc: IPv4Network) -> Allocation:
    """The cut of env-vpc.yaml's defaults: four eighths are private, the four sixteenths that follow are public.

    10.0.0.0/16 gives 10.0.0.0/19 … 10.0.96.0/19 and 10.0.128.0/20 … 10.0.176.0/20.
    """
    return Allocation(vpc, tuple(vpc.subnets(prefixlen_diff=3))[:4], tuple(vpc.subnets(prefixlen_diff=4))[8:12])


def overlap(blocks: Iterable[Block]) -> tuple[Block, Block] | None:
    """Two blocks that overlap, if there are any; sorting makes it n log n."""
    ordered = sorted(blocks, key=lambda block: (int(block.network.network_address), block.network.prefixlen))
    widest: Block | None = None
    for block in ordered:
        if widest and block.network.overlaps(widest.network):
            return widest, block
        if widest is None or block.network.broadcast_address > widest.network.broadcast_address:
            widest = block
    return None


def refuse_overlap(blocks: Iterable[Block]) -> None:
    """ToolError naming both owners when two blocks overlap."""
    if found := overlap(blocks):
        one, other = found
        raise ToolError(
            f"addresses: {one.network} ({one.owner}) and {other.network} ({other.owner}) overlap",
            "give one of them another range; ranges in use elsewhere belong in the settings as reserved",
        )


def allocate(
    pool: str,
    prefix: int,
    accounts: Iterable[str],
    held: Mapping[str, str] | None = None,
    reserved: Mapping[str, str] | None = None,
) -> dict[str, Allocation]:
    """An allocation for each account: the one it has (`held`: account → VPC CIDR), else the first free of the pool.

    `reserved` (name → CIDR) is in use by others, the development VPC for one. New accounts are served in the order of
    their ids, so that equal input gives an equal plan. ToolError: overlap among what is in use, pool used up.
    """
    whole = network(pool, "addresses: pool")
    _check_prefix(whole, prefix)
    owned = {account: network(cidr, f"account {account}") for account, cidr in (held or {}).items()}
    others = tuple(Block(network(cidr, f"reserved {name}"), name) for name, cidr in (reserved or {}).items())
    taken = (*others, *(Block(vpc, f"account {account}") for account, vpc in owned.items()))
    refuse_overlap(taken)
    wanted = sorted(set(accounts))
    free = _free(whole, prefix, taken)
    return {
        account: subnets(owned[account] if account in owned else _next(free, whole, prefix, account))
        for account in wanted
    }


def _check_prefix(pool: IPv4Network, prefix: int) -> None:
    if not LARGEST <= prefix <= SMALLEST - 4:
        raise ToolError(
            f"addresses: a VPC of /{prefix} cannot hold eight subnets",
            f"choose a prefix length from /{LARGEST} to /{SMALLEST - 4}",
        )
    if prefix < pool.prefixlen:
        raise ToolError(f"addresses: a VPC of /{prefix} does not fit into the pool {pool}", "give a larger pool")


def _free(pool: IPv4Network, prefix: int, taken: Iterable[Block]) -> Iterator[IPv4Network]:
    """The blocks of the pool that nobody uses, in order; used ranges are stepped over, not tried one by one."""
    size = 1 << (32 - prefix)
    used = sorted((int(block.network.network_address), int(block.network.broadcast_address)) for block in taken)
    start, end = int(pool.network_address), int(pool.broadcast_address)
    for first, last in (*used, (end + 1, end + 1)):
        while start + size <= first and start + size - 1 <= end:
            yield IPv4Network((start, prefix))
            start += size
        if start <= last:
            start = -(-(last + 1) // size) * size if last <= end else start


def _next(free: Iterator[IPv4Network], pool: IPv4Network, prefix: int, account: str) -> IPv4Network:
    found = next(free, None)
    if found is None:
        raise ToolError(
            f"addresses: the pool {pool} has no free /{prefix} left for account {account}",
            "give a larger pool, or a longer prefix; accounts that have a range keep it",
        )
    return found


def held_by(overrides: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Account → VPC CIDR, from the overrides that the network sets hold."""
    return {account: values["VPCCIDR"] for account, values in overrides.items() if "VPCCIDR" in values}
