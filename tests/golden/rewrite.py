"""`make golden`: write every emitted template as the golden file that tests compare with."""

from __future__ import annotations

import tempfile
from pathlib import Path

from generator.package.build import Site, build
from mlz.release.product import product

FOLDER = Path(__file__).parent
SITE = Site("golden-bucket", "sagemaker-mlops", "eu-west-1")


def emitted(folder: Path) -> dict[str, str]:
    """File name -> text of every template, built for SITE."""
    manifest = build(SITE, product(), folder)
    return {name: (folder / entry.path).read_text() for name, entry in manifest.templates.items()}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        texts = emitted(Path(folder))
    for old in FOLDER.glob("*.yaml"):
        old.unlink()
    for name, text in texts.items():
        (FOLDER / name).write_text(text)


if __name__ == "__main__":
    main()
