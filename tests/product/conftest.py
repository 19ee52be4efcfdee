"""Every emitted template as plain data, resources and policy statements found in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from generator.package.build import Assembly, Site
from templates.catalog import CATALOG, SOURCES


@dataclass(frozen=True)
class Resource:
    file: str
    title: str
    type: str
    properties: dict[str, Any]
    attributes: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.file}: {self.title}"


@dataclass(frozen=True)
class Statement:
    resource: Resource
    body: dict[str, Any]
    document: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.resource}: {self.body.get('Sid', '(no Sid)')}"


class Emitted:
    """All templates of the catalog."""

    def __init__(self) -> None:
        assembly = Assembly(Site("a-bucket", "sagemaker-mlops", "eu-west-1"), SOURCES)
        rendered = {stack.FILE: assembly.template(stack) for stack in CATALOG}
        self.documents: dict[str, Any] = {file: one.document for file, one in rendered.items()}
        self.texts = {file: one.artifact.content.decode() for file, one in rendered.items()}

    def resources(self, *types: str) -> list[Resource]:
        """All resources, or those of some types."""
        return [
            Resource(file, title, body["Type"], body.get("Properties", {}), body)
            for file, document in self.documents.items()
            for title, body in document["Resources"].items()
            if not types or body["Type"] in types
        ]

    def statements(self) -> list[Statement]:
        """All statements of all policy documents."""
        return [
            Statement(resource, body, document)
            for resource in self.resources()
            for document in documents(resource.properties)
            for body in flat(document["Statement"])
        ]


def documents(part: Any) -> Iterator[dict[str, Any]]:
    """The policy documents below `part`."""
    if isinstance(part, dict):
        if "Statement" in part:
            yield part
        else:
            for value in part.values():
                yield from documents(value)
    elif isinstance(part, list):
        for value in part:
            yield from documents(value)


def flat(statements: Any) -> Iterator[dict[str, Any]]:
    """Statements, those in branches of Fn::If included."""
    match statements:
        case {"Fn::If": [_, *branches]}:
            for branch in branches:
                yield from flat(branch)
        case {"Effect": _}:
            yield statements
        case list():
            for one in statements:
                yield from flat(one)


@pytest.fixture(scope="session")
def emitted() -> Emitted:
    return Emitted()
