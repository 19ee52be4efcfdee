"""An S3 with S3's manners on loopback: moto, plus the owner and Region checks it lacks, a log, and faults to order."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from moto.iam.access_control import PermissionResult
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.models import FakeBucket, FakeKey, s3_backends

from generator.package.manifest import FILE, Manifest, ObjectEntry, TemplateEntry, encode
from sandbox.http_server import Answer, HttpServer

ACCOUNT = "123456789012"
REGION = "eu-west-1"
BUCKET = "releases-of-tests"
PREFIX = "sagemaker-mlops"


@dataclass(frozen=True)
class Request:
    """One HTTP request as it arrived: method, path without query, headers by lower case name."""

    method: str
    path: str
    query: str
    headers: dict[str, str]


@dataclass
class GuardedS3:
    """The WSGI application.

    `refuse_after` requests are answered before all get 403; `slow_down` are parts of paths whose next PUT gets 503;
    `lose_answer` is the end of the path whose next PUT arrives but is answered 500.
    """

    application: Any
    log: list[Request] = field(default_factory=list)
    refuse_after: int | None = None
    slow_down: set[str] = field(default_factory=set)
    lose_answer: str = ""
    regions: dict[str, str] = field(default_factory=dict)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        headers = {k[5:].replace("_", "-").lower(): v for k, v in environ.items() if k.startswith("HTTP_")}
        self.log.append(Request(environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["QUERY_STRING"], headers))
        bucket = environ["PATH_INFO"].split("/")[1]
        if bucket == "_requests":
            self.log.pop()
            start("200 OK", [("content-type", "text/plain")])
            return [str(len(self.log)).encode()]
        if bucket == "_objects":
            start("200 OK", [("content-type", "application/json")])
            return [msgspec.json.encode(objects(environ["PATH_INFO"].split("/")[2]))]
        if self.refuse_after is not None and len(self.log) > self.refuse_after:
            return _error(start, "403 Forbidden", "AccessDenied")
        expected = headers.get("x-amz-expected-bucket-owner")
        owner = s3_backends.bucket_accounts.get(bucket, ("aws", expected))[1]
        if expected is not None and owner != expected:
            return _error(start, "403 Forbidden", "AccessDenied")
        region = self.regions.get(bucket)
        if region is not None and f"/{region}/s3/" not in headers.get("authorization", ""):
            return _error(start, "301 Moved Permanently", "PermanentRedirect", [("x-amz-bucket-region", region)])
        for part in [part for part in self.slow_down if part in environ["PATH_INFO"]]:
            self.slow_down.discard(part)
            return _error(start, "503 Slow Down", "SlowDown")
        if self.lose_answer and environ["PATH_INFO"].endswith(self.lose_answer) and environ["REQUEST_METHOD"] == "PUT":
            self.lose_answer = ""
            list(self.application(environ, lambda *_: None))
            return _error(start, "500 Internal Server Error", "InternalError")
        answer: Iterable[bytes] = self.application(environ, start)
        return answer


def objects(bucket: str) -> dict[str, bytes]:
    """Every object of the bucket, as moto keeps it; over HTTP at `/_objects/BUCKET` with the bodies in base64."""
    kept = s3_backends[ACCOUNT]["aws"].buckets[bucket].keys.items()
    return {key: entry.value for key, entry in kept if isinstance(entry, FakeKey)}


def _error(start: Callable[..., Any], status: str, code: str, headers: Iterable[tuple[str, str]] = ()) -> list[bytes]:
    body = f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode()
    start(status, [("content-type", "application/xml"), ("content-length", str(len(body))), *headers])
    return [body]


def serve(guarded: GuardedS3) -> tuple[str, Callable[[], None]]:
    """Start it in a thread, with connections kept as S3 keeps them; returns its URL and what stops it."""

    def respond(environ: dict[str, Any]) -> Answer:
        started: list[tuple[int, tuple[tuple[str, str], ...]]] = []
        body = b"".join(guarded(environ, lambda status, headers, *_: started.append((int(status[:3]), tuple(headers)))))
        status, headers = started[-1]
        return Answer(status, body, headers)

    server = HttpServer(respond)
    server.start()
    return f"http://127.0.0.1:{server.port}", server.stop


def new_s3() -> GuardedS3:
    """A fresh one. moto's reading of bucket policies is off: it takes a Deny for met whatever its Condition says."""
    FakeBucket.get_permission = lambda *_: PermissionResult.NEUTRAL  # type: ignore[method-assign]
    return GuardedS3(DomainDispatcherApplication(create_backend_app))


def make_build(
    folder: Path, version: str, *, prefix: str = PREFIX, bucket: str = BUCKET, region: str = REGION
) -> Manifest:
    """A build with two entry templates over a shared and an own nested one, a function and two seed archives."""
    nested = {
        "shared.yaml": "shared by all versions",
        "left.yaml": f"left {version}",
        "right.yaml": f"right {version}",
    }
    fixed = [_object(folder, f"{prefix}/templates/{_digest(text)}/{name}", name, text) for name, text in nested.items()]
    code = f"code {version}"
    fixed.append(_object(folder, f"{prefix}/functions/{_digest(code)}/f.zip", "assets/f.zip", code))
    left, right = (f"{version} " + " ".join(o.key for o in (fixed[0], fixed[i], fixed[3])) for i in (1, 2))
    mutable = [
        _object(folder, f"{prefix}/core-main.yaml", "core-main.yaml", left, mutable=True),
        _object(folder, f"{prefix}/env-main.yaml", "env-main.yaml", right, mutable=True),
        _object(folder, f"{prefix}/seed-code/build.zip", "assets/build.zip", f"build {version}", mutable=True),
        _object(folder, f"{prefix}/seed-code/deploy.zip", "assets/deploy.zip", f"deploy {version}", mutable=True),
    ]
    objects = (*fixed, *(msgspec.structs.replace(o, tags=_tags(o.key)) for o in mutable))
    templates = {
        o.path: TemplateEntry(o.path, o.sha256, o.size, o.key, o.key if o.mutable else "")
        for o in objects
        if o.path.endswith(".yaml")
    }
    release = _digest("".join(f"{o.key} {o.sha256}" for o in objects))
    manifest = Manifest(release, bucket, prefix, region, templates, objects)
    (folder / FILE).write_bytes(encode(manifest))
    return manifest


def _tags(key: str) -> dict[str, str]:
    return {"servicecatalog:provisioning": "true"} if "/seed-code/" in key else {}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _object(folder: Path, key: str, path: str, text: str, *, mutable: bool = False) -> ObjectEntry:
    content = text.encode()
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(content)
    kind = "application/zip" if path.endswith(".zip") else "text/yaml"
    return ObjectEntry(key, path, hashlib.sha256(content).hexdigest(), len(content), kind, {}, mutable)


def flaws(content: dict[str, bytes], versions: Iterable[Manifest]) -> Iterator[str]:
    """What is not whole in a bucket (key to body) that should hold one of these releases, or be between them."""
    allowed: dict[str, set[str]] = {}
    for manifest in versions:
        for entry in manifest.objects:
            allowed.setdefault(entry.key, set()).add(entry.sha256)
    for key, body in content.items():
        if key in allowed and hashlib.sha256(body).hexdigest() not in allowed[key]:
            yield f"{key} has foreign content"
        if key.endswith("-main.yaml"):
            for reference in re.findall(r"\S+/[0-9a-f]{16}/\S+", body.decode()):
                if reference not in content:
                    yield f"{key} refers to {reference}, which is not there"
    yield from pointer_flaws(content)


def pointer_flaws(content: dict[str, bytes]) -> Iterator[str]:
    for key, body in content.items():
        if not key.endswith("/release.json"):
            continue
        pointer = msgspec.json.decode(body)
        for entry in (pointer.get("current") or {"objects": []})["objects"]:
            there = content.get(entry["key"])
            stable = entry.get("mutable", False) and pointer.get("claim")
            if there is None or (not stable and hashlib.sha256(there).hexdigest() != entry["sha256"]):
                yield f"{key} names {entry['key']}, which is not there as described"
