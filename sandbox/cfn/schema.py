"""CloudFormation's own resource schemas (shipped by cfn-lint as data), read type by type, and values checked by them.

`providers/<region>.json` maps a type to the digest that names its file in `resources/`: two small reads a type. Reading
the JSON costs 1 ms; importing cfn-lint for the same would cost more than a second.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from .checks import Check, Compiler, dereferenced
from .model import JSON

FALLBACK_REGION = "us-east-1"
CUSTOM = "AWS::CloudFormation::CustomResource"


@lru_cache(maxsize=1)
def directory() -> Path:
    found = importlib.util.find_spec("cfnlint")
    if found is None or not found.submodule_search_locations:
        raise FileNotFoundError("cfn-lint is not installed: the sandbox reads its resource schemas")
    return Path(found.submodule_search_locations[0]) / "data" / "schemas"


@lru_cache(maxsize=64)
def types(region: str) -> Mapping[str, str]:
    """Type name to digest for a Region; an unknown Region gets us-east-1's."""
    path = directory() / "providers" / f"{region}.json"
    chosen = path if path.exists() else path.with_name(f"{FALLBACK_REGION}.json")
    return {str(key): str(value) for key, value in json.loads(chosen.read_text(encoding="utf-8")).items()}


@dataclass(frozen=True, eq=False)
class Schema:
    """`read_only` and `create_only` are property paths without `/properties/`; `check` validates and coerces."""

    type: str
    document: Mapping[str, JSON]
    identifier: tuple[str, ...]
    read_only: frozenset[str]
    create_only: frozenset[str]
    conditional: frozenset[str]
    properties: Mapping[str, JSON]
    tags: str | None
    check: Check

    def normalise(self, properties: JSON) -> tuple[dict[str, JSON], list[str]]:
        """The properties with scalars in the types that the schema names, and what is wrong with them."""
        errors: list[str] = []
        return self.check(properties, "#", errors), errors

    def subschema(self, path: str) -> Mapping[str, JSON]:
        """The schema below a slash-separated property path; {} when it does not say."""
        node: JSON = self.document
        for part in path.split("/"):
            node = dereferenced(node, self.document).get("properties", {}).get(part, {})
        return dereferenced(node, self.document)


def of(type_name: str, region: str) -> Schema | None:
    """None when CloudFormation has no such type in the Region."""
    if type_name.startswith("Custom::"):
        type_name = CUSTOM
    digest = types(region).get(type_name)
    return _read(digest) if digest else None


@lru_cache(maxsize=2048)
def _read(digest: str) -> Schema:
    document = json.loads((directory() / "resources" / f"{digest}.json").read_text(encoding="utf-8"))
    tagging = document.get("tagging") or {}
    tag_property = str(tagging.get("tagProperty", "/properties/Tags")).removeprefix("/properties/")
    properties = document.get("properties", {})
    return Schema(
        type=document["typeName"],
        document=document,
        identifier=tuple(_paths(document, "primaryIdentifier")),
        read_only=frozenset(_paths(document, "readOnlyProperties")),
        create_only=frozenset(_paths(document, "createOnlyProperties")),
        conditional=frozenset(_paths(document, "conditionalCreateOnlyProperties")),
        properties=properties,
        tags=tag_property if tag_property in properties else None,
        check=Compiler(document).compile(document),
    )


def _paths(document: Mapping[str, JSON], key: str) -> list[str]:
    return [path.removeprefix("/properties/").replace("/properties/", "/") for path in document.get(key) or []]
