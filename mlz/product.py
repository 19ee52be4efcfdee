"""What this program builds: the catalog of templates, the seeds of project repositories, and its own source."""

from __future__ import annotations

from functools import partial
from pathlib import Path, PurePosixPath

from generator.package.archive import seed_archive, zip_bytes
from generator.package.build import Product
from generator.package.sources import SourceFile
from templates.catalog import CATALOG, ENTRIES, SEED_TAGS, SEEDS, SOURCES

SOURCE_ARCHIVE = "sagemaker-secure-mlops.zip"  # the key at which package-cfn.yaml's build finds it, as in the reference
_ROOT = Path(__file__).parent.parent
_SOURCE = ("Makefile", "pyproject.toml", "requirements.lock", "README.md", "generator", "templates", "stacksets")
_PROGRAM = ("sandbox", "mlz")


def product() -> Product:
    """The whole product; its own source is part of it where this runs from a checkout."""
    archives = {key: partial(seed_archive, name, SOURCES) for name, key in SEEDS.items()}
    if (_ROOT / "pyproject.toml").exists():
        archives[SOURCE_ARCHIVE] = partial(source_archive, _ROOT)
    return Product(CATALOG, ENTRIES, SOURCES, archives, SEED_TAGS)


def source_archive(root: Path) -> bytes:
    """The program's source as one zip: what CodeBuild needs to run `make package` itself."""
    return zip_bytes(
        SourceFile(PurePosixPath(path.relative_to(root).as_posix()), path.read_bytes())
        for name in (*_SOURCE, *_PROGRAM)
        for path in sorted([root / name] if (root / name).is_file() else (root / name).rglob("*"))
        if path.is_file() and not _is_litter(path.relative_to(root))
    )


def _is_litter(path: Path) -> bool:
    return path.suffix == ".pyc" or any(part.startswith(".") or part == "__pycache__" for part in path.parts)
