"""Puts a build into its S3 bucket: only what is missing, in the order that keeps releases whole (see release.py)."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import hashlib
import os
import platform
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from generator.errors import ToolError
from generator.package import release
from generator.package.manifest import Manifest, ObjectEntry
from generator.package.release import Claim, Pointer, Writes
from generator.package.store import Access, Conflict, Remote, Store

THREADS = 16
# A listing only saves uploads that an interrupted run has done, so a bucket full of other things is not read to its end
LISTED = 3000


@dataclass(frozen=True)
class Published:
    """What one run did; `requests` counts every HTTP attempt."""

    uploaded: tuple[str, ...]
    unchanged: int
    requests: int
    bucket_created: bool = False


def publish(
    manifest: Manifest,
    folder: Path,
    access: Access | None = None,
    *,
    repair: bool = False,
    notify: Callable[[str], None] = lambda _key: None,
) -> Published:
    """Publish the build in `folder`; `notify` is told each key that has arrived.

    Costs one request when the bucket holds the release, else one for each object written and four more (nine for a new
    bucket); STS is asked once for an access key that does not say whose it is. `repair` trusts no record and looks at
    what is there. Killed at any instant, the same call goes on. Raises ToolError before anything is written where the
    build, the bucket's name, owner or Region, the credentials or another publisher are in the way.
    """
    release.refuse_unpublishable(manifest)
    bodies = _Bodies(folder)
    with _alone(folder):
        store = Store.open(manifest.bucket, manifest.region, access or Access())
        key = release.pointer_key(manifest.prefix)
        remote = store.pointer(key)
        _refuse(manifest, remote, store.where(key), folder)
        if release.is_published(manifest, remote.pointer) and not repair:
            return Published((), len(manifest.objects), len(store.requests))
        run = _Run(manifest, bodies, store, key, notify)
        created, uploaded = run.write(remote, release.writes(manifest, remote.pointer, repair))
        return Published(uploaded, len(manifest.objects) - len(uploaded), len(store.requests), created)


def _refuse(manifest: Manifest, remote: Remote, where: str, folder: Path) -> None:
    release.refuse_other_region(manifest, remote.pointer, where)
    release.refuse_rival(remote.pointer, _publisher(folder), remote.age, where)


@dataclass(frozen=True)
class _Bodies:
    """The files of one build, each checked against the manifest when it is read."""

    folder: Path

    def read(self, entry: ObjectEntry) -> bytes:
        path = self.folder / entry.path
        try:
            content = path.read_bytes()
        except OSError as problem:
            raise ToolError(f"{path}: {problem.strerror}", "generate again: mlz generate") from problem
        if hashlib.sha256(content).hexdigest() != entry.sha256:
            raise ToolError(f"{path}: was changed after it was built", "generate again: mlz generate")
        return content


@dataclass(frozen=True)
class _Run:
    """One publisher at work on one prefix."""

    manifest: Manifest
    bodies: _Bodies
    store: Store
    key: str
    notify: Callable[[str], None]

    def write(self, remote: Remote, needed: Writes) -> tuple[bool, tuple[str, ...]]:
        """Returns whether the bucket was made, and the keys written."""
        contents = {entry.key: self.bodies.read(entry) for entry in needed.all}
        created, sizes = self._prepare(remote, needed)
        fixed = release.missing(needed.digest_keyed, sizes)
        self._put(fixed, contents)
        etag = self._claim(remote)
        deadline = time.monotonic() + release.WORK_SECONDS
        self._put(needed.code, contents, deadline)
        self._put(needed.entries, contents, deadline)
        self._point(Pointer(self.manifest), etag)
        return created, tuple(entry.key for entry in (*fixed, *needed.code, *needed.entries))

    def _prepare(self, remote: Remote, needed: Writes) -> tuple[bool, dict[str, int]]:
        """Make the bucket where it is absent, or finish a blank one; returns whether made, and sizes by key."""
        if not remote.bucket_exists:
            self.store.create_bucket()
            return True, {}
        if remote.etag is not None:
            sizes = self.store.sizes(f"{self.manifest.prefix}/", LISTED) if needed.digest_keyed else {}
            return False, sizes
        self.store.check_region()
        sizes = self.store.sizes("", LISTED)
        if not sizes and not self.store.has_policy():
            self.store.configure_bucket()
        return False, sizes

    def _claim(self, remote: Remote) -> str:
        """Taken even when no mutable object changes: it keeps a rival from writing in between."""
        claim = Claim(_publisher(self.bodies.folder), self.manifest.release)
        return self._point(Pointer(remote.pointer.current, claim), remote.etag)

    def _point(self, pointer: Pointer, etag: str | None) -> str:
        try:
            return self.store.replace(self.key, release.encode(pointer), etag)
        except Conflict as problem:
            raise ToolError(
                f"{self.store.where(self.key)}: another publisher wrote it meanwhile", "run the same command again"
            ) from problem

    def _put(self, entries: tuple[ObjectEntry, ...], contents: dict[str, bytes], deadline: float | None = None) -> None:
        with ThreadPoolExecutor(THREADS) as pool:
            largest_first = sorted(entries, key=lambda entry: (-entry.size, entry.key))
            futures = {
                pool.submit(self._put_one, entry, contents[entry.key], deadline): entry for entry in largest_first
            }
            try:
                for future in as_completed(futures):
                    future.result()
                    self.notify(futures[future].key)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def _put_one(self, entry: ObjectEntry, content: bytes, deadline: float | None) -> None:
        if deadline is not None and time.monotonic() > deadline:
            raise ToolError(
                f"{self.store.where(entry.key)}: the entry templates took more than {release.WORK_SECONDS} s",
                "run the same command again: what has arrived stays",
            )
        checksum = base64.b64encode(bytes.fromhex(entry.sha256)).decode()
        self.store.put(entry.key, content, checksum, entry.content_type, entry.tags)


def _publisher(folder: Path) -> str:
    """The identity of this machine's publisher of `folder`, so that a killed run's claim is known as one's own."""
    return hashlib.sha256(f"{platform.node()}:{os.getuid()}:{folder.resolve()}".encode()).hexdigest()[:16]


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the build folder: two runs of one folder would pass for one publisher. The lock ends with the process."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError as problem:
        raise ToolError(f"{folder}: {problem.strerror}", "generate first: mlz generate") from problem
    try:
        _lock(handle, folder)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, folder: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as problem:
        raise ToolError(f"{folder}: is being published by another process here", "wait until it ends") from problem
