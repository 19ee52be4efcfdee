"""Templates are plain ASCII: CloudFormation answers anything else as `?`, and a set would seem changed for ever."""

from __future__ import annotations

from pathlib import Path

from generator.package.build import Site, build
from mlz.release.product import product


def test_every_emitted_template_is_ascii(tmp_path: Path) -> None:
    """https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/814"""
    manifest = build(Site("a-bucket", "sagemaker-mlops", "eu-west-1"), product(), tmp_path)
    strange = {
        name: sorted(set(text) - set(map(chr, range(128))))
        for name, entry in manifest.templates.items()
        if not (text := (tmp_path / entry.path).read_text()).isascii()
    }
    assert strange == {}
