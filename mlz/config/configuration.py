"""Where settings come from: flags win over environment variables, these over the file, the file over defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from generator.errors import ToolError
from mlz.config.document import Document, leaf, parse, typed
from mlz.config.kinds import Bucket, Region
from mlz.config.rules import violations
from mlz.config.settings import Settings, Stage

FILE = "mlz.yaml"


@dataclass(frozen=True)
class Overlay:
    """What flags and their environment variables say; empty means not said."""

    region: str = ""
    profile: str = ""
    bucket: str = ""
    prefix: str = ""


def load(path: Path | None, overlay: Overlay, environment: Mapping[str, str]) -> Settings:
    """Settings from `path`, or from mlz.yaml when None and it exists, or from defaults; checked as a whole.

    AWS's own Region variables count only when neither a flag nor the file names a Region.
    """
    document = _document(path)
    settings = _with_stage_names(_overlaid(typed(document, Settings), overlay))
    if not settings.region:
        fallback = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or ""
        settings = replace(settings, region=leaf(fallback, Region, "AWS_DEFAULT_REGION"))
    for violation in violations(settings):
        raise document.error(violation.path, violation.what, violation.hint)
    return settings


def _document(path: Path | None) -> Document:
    chosen = path or Path(FILE)
    if path is None and not chosen.exists():
        return Document("settings", {}, {})
    try:
        return parse(chosen.read_text(encoding="utf-8"), str(chosen))
    except UnicodeDecodeError as problem:
        raise ToolError(f"{chosen}: not UTF-8 text", "save the file as UTF-8") from problem
    except OSError as problem:
        raise ToolError(
            f"{chosen}: {problem.strerror}", "copy mlz.example.yaml to mlz.yaml, or pass --config FILE"
        ) from problem


def _overlaid(settings: Settings, overlay: Overlay) -> Settings:
    package = replace(
        settings.package,
        bucket=leaf(overlay.bucket, Bucket, "--bucket") or settings.package.bucket,
        prefix=overlay.prefix.strip("/") or settings.package.prefix,
    )
    region = leaf(overlay.region, Region, "--region") or settings.region
    return replace(settings, package=package, region=region, profile=overlay.profile or settings.profile)


def _with_stage_names(settings: Settings) -> Settings:
    def named(stage: Stage, default: str) -> Stage:
        return stage if stage.name else replace(stage, name=default)

    staging, prod = settings.targets.stages
    return replace(
        settings, targets=replace(settings.targets, staging=named(staging, "staging"), prod=named(prod, "prod"))
    )
