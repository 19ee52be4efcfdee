"""The contract between generating and deploying: what one build of one Region consists of, as a file."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import msgspec

from generator.errors import ToolError

FILE = "manifest.json"


class ParameterEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One template parameter as a deployer needs it."""

    type: str
    default: str | None = None
    allowed: tuple[str, ...] = ()
    pattern: str = ""
    min_length: int | None = None
    max_length: int | None = None
    no_echo: bool = False

    @property
    def is_required(self) -> bool:
        return self.default is None


class TemplateEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One emitted template: `path` below the manifest's folder, `sha256` of its bytes, `key` its place in S3.

    `entry_key` is the stable second place of a template that people launch by hand, or empty.
    """

    path: str
    sha256: str
    size: int
    key: str
    entry_key: str = ""
    parameters: dict[str, ParameterEntry] = {}
    outputs: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()


class ObjectEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One object to publish; `path` is below the manifest's folder; `mutable` says that its key is a stable name."""

    key: str
    path: str
    sha256: str
    size: int
    content_type: str
    tags: dict[str, str] = {}
    mutable: bool = False


class Manifest(msgspec.Struct, frozen=True):
    """One build. `release` is a digest over every object's key and content, so equal releases are equal bytes."""

    release: str
    bucket: str
    prefix: str
    region: str
    templates: dict[str, TemplateEntry]
    objects: tuple[ObjectEntry, ...]

    def template(self, name: str) -> TemplateEntry:
        """The entry of a template by its file name (`env-vpc.yaml`); ToolError names what exists."""
        if name not in self.templates:
            raise ToolError(f"manifest: there is no template {name}", f"it has: {', '.join(sorted(self.templates))}")
        return self.templates[name]


def encode(manifest: Manifest) -> bytes:
    """The manifest as sorted, indented JSON: the same bytes for equal manifests."""
    return msgspec.json.format(msgspec.json.encode(manifest, order="sorted"), indent=2) + b"\n"


def decode(content: bytes, where: str) -> Manifest:
    """Read a manifest; `where` names the source in the ToolError that a malformed one raises."""
    try:
        manifest = msgspec.json.decode(content, type=Manifest)
    except msgspec.DecodeError as problem:
        raise ToolError(
            f"{where}: not a manifest of this version: {problem}", "generate again: mlz generate"
        ) from problem
    paths = [template.path for template in manifest.templates.values()] + [entry.path for entry in manifest.objects]
    for path in map(PurePosixPath, paths):
        if path.is_absolute() or ".." in path.parts:
            raise ToolError(f"{where}: {path}: outside the build's folder", "generate again: mlz generate")
    return manifest


def load(folder: Path) -> Manifest:
    """The manifest of the build in `folder` (build/<region>)."""
    path = folder / FILE
    if not path.exists():
        raise ToolError(f"{path}: no build here", "run: mlz generate --bucket NAME --region REGION")
    return decode(path.read_bytes(), str(path))
