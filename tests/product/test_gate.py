"""The gate over what is emitted, as `mlz lint` runs it; and every suppression, so that none comes unseen."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from generator.lint import gate, quick
from generator.lint.finding import as_text
from generator.lint.nested import local_files
from generator.lint.suppressions import suppressions
from generator.package.build import Site, build
from generator.package.manifest import Manifest
from mlz.release.product import product
from tests.product.conftest import Emitted

REGION = "eu-west-1"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Manifest, Path]:
    folder = tmp_path_factory.mktemp("build")
    return build(Site("a-bucket", "sagemaker-mlops", REGION), product(), folder), folder


def test_cfn_lint_has_no_finding_of_any_severity(built: tuple[Manifest, Path]) -> None:
    manifest, folder = built
    paths = sorted(folder / entry.path for entry in manifest.templates.values())
    cache = Path(".mlz") / "lint"
    found = gate.run(paths, REGION, cache_dir=cache, workers=os.cpu_count() or 1, files=local_files(manifest, folder))
    assert as_text(found.found) == ""
    assert found.checked + found.cached == len(paths)


def test_cloudformation_validate_has_no_warning(built: tuple[Manifest, Path]) -> None:
    manifest, folder = built
    paths = sorted(folder / entry.path for entry in manifest.templates.values())
    assert as_text(quick.run(paths).found) == ""


def test_every_suppression_has_a_reason(emitted: Emitted) -> None:
    without = [
        f"{file}: {suppression}"
        for file, document in emitted.documents.items()
        for suppression in suppressions(document)
        if not suppression.reason
    ]
    assert without == []
