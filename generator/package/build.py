"""One build: every template rendered, every archive made, and the manifest that says what belongs together.

A template may ask for the address of another one; that one is then rendered first, and its address holds the digest of
its content. So a change in a child changes the bytes of its parents, and nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from generator.cfn.arns import s3_url
from generator.cfn.render import to_yaml
from generator.cfn.stack import Stack
from generator.errors import ToolError
from generator.package.archive import function_archive
from generator.package.manifest import FILE, Manifest, ObjectEntry, ParameterEntry, TemplateEntry, encode

TEMPLATE_LIMIT = 1_000_000  # bytes, CloudFormation quota for a template in S3
_DIGEST = 16


@dataclass(frozen=True)
class Site:
    """Where the release will stand: bucket, key prefix without slashes at its ends, Region."""

    bucket: str
    prefix: str
    region: str


@dataclass(frozen=True)
class Product:
    """What there is to build.

    `archives` are published under the stable key `<prefix>/<name>`, and templates by file name under that of `copies`
    too; `tags` are S3 tags by such a name.
    """

    catalog: tuple[type[Stack], ...]
    entry_files: frozenset[str]
    sources: Path
    archives: Mapping[str, Callable[[], bytes]] = field(default_factory=dict)
    copies: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Artifact:
    """A file of the build with its place in S3."""

    path: str
    key: str
    content: bytes
    content_type: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def build(site: Site, product: Product, folder: Path) -> Manifest:
    """Write the build into `folder` (build/<region>), remove what an earlier build left there, return the manifest."""
    release = Assembly(site, product.sources)
    templates = {stack.FILE: release.template(stack) for stack in product.catalog}
    archives = [_archive(site, name, make()) for name, make in product.archives.items()]
    objects = _objects(site, product, release, archives)
    manifest = Manifest(
        _release(objects), site.bucket, site.prefix, site.region, _entries(site, product, templates), objects
    )
    _write(folder, [*release.artifacts(), *archives], encode(manifest))
    return manifest


@dataclass(frozen=True)
class Rendered:
    """A finished template: its plain data, its text, and whether it or a child of it creates IAM resources."""

    artifact: Artifact
    document: Mapping[str, Any]
    creates_iam: bool


class Assembly:
    """The release while it grows: answers what templates ask of it (cfn.stack.Release); makes each thing once."""

    def __init__(self, site: Site, sources: Path) -> None:
        self.bucket, self.prefix, self.region = site.bucket, site.prefix, site.region
        self._sources = sources
        self._rendered: dict[type[Stack], Rendered] = {}
        self._functions: dict[str, Artifact] = {}
        self._asked: list[set[type[Stack]]] = []

    def template(self, stack: type[Stack]) -> Rendered:
        """Render a template, and first those that it refers to."""
        if stack not in self._rendered:
            self._asked.append(set())
            document = stack(self).document()
            children = [self._rendered[child] for child in self._asked.pop()]
            self._rendered[stack] = self._finished(stack, document, children)
        if self._asked:
            self._asked[-1].add(stack)
        return self._rendered[stack]

    def template_url(self, child: type[Stack]) -> Any:
        return s3_url(self.bucket, self.region, self.template_key(child))

    def template_key(self, child: type[Stack]) -> str:
        return self.template(child).artifact.key

    def digest(self, child: type[Stack]) -> str:
        return self.template(child).artifact.sha256[:_DIGEST]

    def function_code(self, name: str) -> tuple[str, str]:
        return self.bucket, self._function(name).key

    def function_digest(self, name: str) -> str:
        return self._function(name).sha256[:_DIGEST]

    def artifacts(self) -> list[Artifact]:
        """Everything rendered or packed so far, in order of key."""
        made = [rendered.artifact for rendered in self._rendered.values()] + list(self._functions.values())
        return sorted(made, key=lambda artifact: artifact.key)

    def _finished(self, stack: type[Stack], document: dict[str, Any], children: Iterable[Rendered]) -> Rendered:
        content = to_yaml(document).encode()
        if len(content) > TEMPLATE_LIMIT:
            raise ToolError(
                f"{stack.FILE}: {len(content):,} bytes, CloudFormation takes {TEMPLATE_LIMIT:,}", "nest a part of it"
            )
        key = f"{self.prefix}/templates/{hashlib.sha256(content).hexdigest()[:_DIGEST]}/{stack.FILE}"
        own = any(resource["Type"].startswith("AWS::IAM::") for resource in document["Resources"].values())
        creates_iam = own or any(child.creates_iam for child in children)
        return Rendered(Artifact(stack.FILE, key, content, "text/yaml"), document, creates_iam)

    def _function(self, name: str) -> Artifact:
        if name not in self._functions:
            content = function_archive(name, self._sources)
            key = f"{self.prefix}/functions/{hashlib.sha256(content).hexdigest()[:_DIGEST]}/{name}.zip"
            self._functions[name] = Artifact(f"assets/functions/{name}.zip", key, content, "application/zip")
        return self._functions[name]


def _archive(site: Site, name: str, content: bytes) -> Artifact:
    return Artifact(f"assets/{name}", f"{site.prefix}/{name}", content, "application/zip")


def _objects(site: Site, product: Product, release: Assembly, archives: list[Artifact]) -> tuple[ObjectEntry, ...]:
    digested = [_object(artifact, artifact.key) for artifact in release.artifacts()]
    entries = [
        _object(artifact, f"{site.prefix}/{artifact.path}", mutable=True)
        for artifact in release.artifacts()
        if artifact.path in product.entry_files
    ]
    named = [(archive, archive.path.removeprefix("assets/")) for archive in archives]
    named += [(one, product.copies[one.path]) for one in release.artifacts() if one.path in product.copies]
    stable = [
        _object(artifact, f"{site.prefix}/{name}", mutable=True, tags=dict(product.tags.get(name, {})))
        for artifact, name in named
    ]
    return tuple(digested + sorted(entries + stable, key=lambda entry: entry.key))


def _object(artifact: Artifact, key: str, *, mutable: bool = False, tags: dict[str, str] | None = None) -> ObjectEntry:
    size = len(artifact.content)
    return ObjectEntry(key, artifact.path, artifact.sha256, size, artifact.content_type, tags or {}, mutable)


def _release(objects: tuple[ObjectEntry, ...]) -> str:
    lines = sorted(f"{entry.key} {entry.sha256} {sorted(entry.tags.items())}\n" for entry in objects)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _entries(site: Site, product: Product, templates: Mapping[str, Rendered]) -> dict[str, TemplateEntry]:
    return {
        file: TemplateEntry(
            path=file,
            sha256=rendered.artifact.sha256,
            size=len(rendered.artifact.content),
            key=rendered.artifact.key,
            entry_key=f"{site.prefix}/{file}" if file in product.entry_files else "",
            parameters={name: _parameter(given) for name, given in rendered.document.get("Parameters", {}).items()},
            outputs=tuple(rendered.document.get("Outputs", {})),
            capabilities=("CAPABILITY_NAMED_IAM",) if rendered.creates_iam else (),
        )
        for file, rendered in templates.items()
    }


def _parameter(given: Mapping[str, Any]) -> ParameterEntry:
    default = given.get("Default")
    return ParameterEntry(
        type=given["Type"],
        default=None if default is None else str(default),
        allowed=tuple(str(value) for value in given.get("AllowedValues", ())),
        pattern=given.get("AllowedPattern", ""),
        min_length=given.get("MinLength"),
        max_length=given.get("MaxLength"),
        no_echo=bool(given.get("NoEcho", False)),
    )


def _write(folder: Path, artifacts: list[Artifact], manifest: bytes) -> None:
    kept = {folder / FILE}
    for artifact in artifacts:
        path = folder / artifact.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(artifact.content)
        kept.add(path)
    (folder / FILE).write_bytes(manifest)
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path not in kept:
            path.unlink()
