"""What the documents say exists."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tests.product.conftest import Emitted

ROOT = Path(__file__).parents[2]
TEXTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ENVIRONMENT = "${EnvName}-${EnvType}-"


def _text(name: Any) -> str:
    return str(name["Fn::Sub"] if isinstance(name, dict) else name)


def told(emitted: Emitted) -> set[str]:
    """Names of SSM parameters and exports, without the environment's part."""
    parameters = {_text(one.properties["Name"]) for one in emitted.resources("AWS::SSM::Parameter")}
    exports = {
        _text(output["Export"]["Name"])
        for document in emitted.documents.values()
        for output in document.get("Outputs", {}).values()
        if "Export" in output
    }
    return {name.removeprefix(ENVIRONMENT) for name in parameters | exports}


def test_every_name_of_an_environment_that_the_documents_give_is_published(emitted: Emitted) -> None:
    """B007: the reference's walkthrough told people to write parameters that no template read."""
    known = told(emitted)
    named = {
        (path.name, name)
        for path in TEXTS
        for name in re.findall(r"`(?:export )?\$\{EnvName\}-\$\{EnvType\}-([a-z0-9-]+)`", path.read_text())
    }
    assert ("compatibility.md", "kms-vpce-id") in named
    assert {(file, name) for file, name in named if name not in known} == set()


def test_every_parameter_and_output_that_the_documents_explain_exists(emitted: Emitted) -> None:
    """B007: each table of docs/compatibility.md stands under the template that it speaks of."""
    sections = re.split(r"^## (.+)$", (ROOT / "docs" / "compatibility.md").read_text(), flags=re.MULTILINE)
    gone = {"AWS::SageMaker::App", "Custom::SetupCrossAccountPermissions"}
    missing = set()
    for heading, text in zip(sections[1::2], sections[2::2], strict=True):
        files = heading.split(", ")
        assert set(files) <= set(emitted.documents), heading
        for row in re.findall(r"^\| (.+?) \|", text, flags=re.MULTILINE):
            for name in re.findall(r"`([A-Z][A-Za-z0-9:]+)`", row):
                if name not in gone and not any(name in emitted.texts[file] for file in files):
                    missing.add((heading, name))
    assert missing == set()
