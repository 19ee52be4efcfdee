"""What a bucket holds of a release and what has to be written, decided without a call.

Under `<prefix>/` stand
- digest-keyed objects (nested templates, functions): written once, never changed, never deleted;
- mutable objects under stable keys (entry templates, seed code): each refers to digest-keyed objects only, and S3
  replaces an object at once or not at all, so an entry template read at any moment belongs whole to one release;
- the pointer `<prefix>/release.json`: the manifest of the last complete release, and the claim of a publisher at work.

Writing therefore goes: digest-keyed objects; claim; seed code; entry templates; pointer. Killed at any instant, every
entry template still resolves, and the claim left behind says that the mutable objects have to be written again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from generator.errors import ToolError
from generator.package.manifest import Manifest, ObjectEntry

POINTER = "release.json"
# A claim older than this is of a dead publisher: a live one begins no write after WORK_SECONDS, and the last retry of
# its last write ends before CLAIM_SECONDS (8 attempts of 15 s, 7 waits of at most 20 s).
CLAIM_SECONDS = 420
WORK_SECONDS = 120
# CloudFormation quotas, "Template body size in an Amazon S3 object": 1 MB, read 2026-11-21; cfn-lint takes 1,000,000
TEMPLATE_BYTES = 1_000_000
_BUCKET = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_ACCOUNT = re.compile(r"\d{12}")


class Claim(msgspec.Struct, frozen=True):
    """Who is replacing the mutable objects, and with which release."""

    publisher: str
    release: str


class Pointer(msgspec.Struct, frozen=True, omit_defaults=True):
    """The content of `<prefix>/release.json`."""

    current: Manifest | None = None
    claim: Claim | None = None


@dataclass(frozen=True)
class Writes:
    """What is written, stage after stage; the objects of one stage have no order among themselves."""

    digest_keyed: tuple[ObjectEntry, ...]
    code: tuple[ObjectEntry, ...]
    entries: tuple[ObjectEntry, ...]

    @property
    def all(self) -> tuple[ObjectEntry, ...]:
        return (*self.digest_keyed, *self.code, *self.entries)


def encode(pointer: Pointer) -> bytes:
    """The same bytes for equal pointers."""
    return msgspec.json.encode(pointer, order="sorted") + b"\n"


def decode(content: bytes, where: str) -> Pointer:
    """Read a pointer; `where` names it in the ToolError that a foreign or damaged one raises."""
    try:
        return msgspec.json.decode(content, type=Pointer)
    except msgspec.DecodeError as problem:
        raise ToolError(
            f"{where}: not a release pointer of this version: {problem}",
            "publish under another prefix, or delete that object if nothing else uses it",
        ) from problem


def pointer_key(prefix: str) -> str:
    return f"{prefix.strip('/')}/{POINTER}"


def is_published(manifest: Manifest, pointer: Pointer) -> bool:
    return pointer.claim is None and pointer.current is not None and pointer.current.release == manifest.release


def writes(manifest: Manifest, pointer: Pointer, repair: bool = False) -> Writes:
    """What `manifest` needs that `pointer` does not vouch for.

    After a claim left behind the mutable objects are of either release, so all are written; `repair` trusts nothing.
    """
    known = {} if repair or pointer.current is None else {o.key: o.sha256 for o in pointer.current.objects}
    stable = {} if pointer.claim else known
    fixed = tuple(o for o in manifest.objects if not o.mutable and known.get(o.key) != o.sha256)
    mutable = [o for o in manifest.objects if o.mutable and stable.get(o.key) != o.sha256]
    entry_keys = {template.entry_key for template in manifest.templates.values()}
    return Writes(
        digest_keyed=fixed,
        code=tuple(o for o in mutable if o.key not in entry_keys),
        entries=tuple(o for o in mutable if o.key in entry_keys),
    )


def missing(objects: Iterable[ObjectEntry], sizes: Mapping[str, int]) -> tuple[ObjectEntry, ...]:
    """The digest-keyed objects that a listing (key to bytes) does not show: what an interrupted upload left to do."""
    return tuple(o for o in objects if sizes.get(o.key) != o.size)


def refuse_rival(pointer: Pointer, publisher: str, age: float, where: str) -> None:
    """Raise while another publisher's claim is alive; `age` is in seconds by S3's own clock."""
    claim = pointer.claim
    if claim is None or claim.publisher == publisher or age > CLAIM_SECONDS:
        return
    raise ToolError(
        f"{where}: another publisher began to write release {claim.release[:12]} {age:.0f} s ago",
        f"run again when it is done; if it was killed, its claim ends in {CLAIM_SECONDS - age:.0f} s",
    )


def refuse_other_region(manifest: Manifest, pointer: Pointer, where: str) -> None:
    """One prefix holds the templates of one Region: nested template URLs name the Region's endpoint."""
    current = pointer.current
    if current is not None and (current.region, current.bucket) != (manifest.region, manifest.bucket):
        raise ToolError(
            f"{where}: holds a release for {current.bucket} in {current.region}, "
            f"not {manifest.bucket} in {manifest.region}",
            "use one bucket for each Region, or another prefix",
        )


def refuse_unpublishable(manifest: Manifest) -> None:
    """Raise for what S3 or CloudFormation would refuse, before any call."""
    check_bucket_name(manifest.bucket)
    for name, template in sorted(manifest.templates.items()):
        if template.size > TEMPLATE_BYTES:
            raise ToolError(
                f"{name}: {template.size:,} bytes, and CloudFormation takes {TEMPLATE_BYTES:,}",
                "move resources into a nested template",
            )


def check_bucket_name(name: str) -> None:
    """S3's general purpose naming rules, without dots: they break TLS under virtual-hosted URLs."""
    if "." in name:
        raise ToolError(f"bucket {name}: has a dot, so https://{name}.s3… has no valid certificate", "use hyphens")
    if (
        not _BUCKET.fullmatch(name)
        or name.startswith(("xn--", "sthree-", "amzn-s3-demo-"))
        or name.endswith("-s3alias")
    ):
        raise ToolError(
            f"bucket {name or '(empty)'}: not a bucket name",
            "3 to 63 lower case letters, digits and hyphens, beginning and ending with a letter or digit",
        )


def check_account(account: str) -> None:
    if not _ACCOUNT.fullmatch(account):
        raise ToolError(f"account {account}: not an account id", "give its 12 digits")
