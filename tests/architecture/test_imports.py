"""Which room may import which: the direction that the README draws."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("generator", "templates", "stacksets", "sandbox", "mlz")

# room or module -> the rooms or modules of this project that it may import
ALLOWED = {
    "generator.errors": (),
    "generator.access": ("generator.errors", "generator.package.manifest", "generator.access"),
    "generator.cfn": ("generator.errors", "generator.cfn"),
    "generator.package": ("generator",),
    "generator.lint": ("generator",),
    "templates": ("generator.errors", "generator.cfn", "templates"),
    "stacksets": ("generator.errors", "generator.package.manifest", "stacksets"),
    "sandbox": ("generator.errors", "generator.access", "sandbox"),
    "mlz": ROOMS,
}
# third parties that cost much or mean much -> the only places that may import them
ONLY_IN = {
    "boto3": (
        "generator.package.publish",
        "generator.package.store",
        "generator.package.accounts",
        "stacksets.client",
        "stacksets.organization",
        "stacksets.changeset",
        "sandbox",
    ),
    "botocore": (
        "generator.package.publish",
        "generator.package.store",
        "generator.package.accounts",
        "stacksets.client",
        "stacksets.organization",
        "stacksets.changeset",
        "mlz.health",
        "mlz.removal.leftovers",
        "sandbox",
    ),
    "jinja2": ("generator.package.sources",),
    "troposphere": ("generator.cfn", "templates"),
    "awacs": ("generator.cfn", "templates"),
    "cfnlint": ("generator.lint",),
    "click": ("mlz",),
    "rich": ("mlz",),
    "moto": ("sandbox",),
    "flask": ("sandbox",),
}


def modules() -> list[tuple[str, Path]]:
    found = []
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            relative = path.relative_to(ROOT)
            if relative.parts[:2] != ("templates", "sources"):
                found.append((".".join(relative.with_suffix("").parts).removesuffix(".__init__"), path))
    return found


def imports(path: Path) -> set[str]:
    """Modules that a file names, in relative imports and inside functions too; those for types alone do not count."""
    names: set[str] = set()
    tree = ast.parse(path.read_text())
    for node in _nodes(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = _absolute(node, path)
            names.add(module)
            names.update(f"{module}.{alias.name}" for alias in node.names)
    return names


def _nodes(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        yield node
        yield from _nodes(node)


def _absolute(node: ast.ImportFrom, path: Path) -> str:
    if not node.level:
        return node.module or ""
    parts = path.relative_to(ROOT).with_suffix("").parts
    package = parts[: len(parts) - node.level + (path.name == "__init__.py")]
    return ".".join([*package, *([node.module] if node.module else [])])


def within(name: str, places: tuple[str, ...]) -> bool:
    return any(name == place or name.startswith(f"{place}.") for place in places)


def rule_for(module: str) -> tuple[str, ...]:
    place = max((place for place in ALLOWED if within(module, (place,))), key=len)
    return ALLOWED[place]


@pytest.mark.parametrize(("module", "path"), [pytest.param(*found, id=found[0]) for found in modules()])
def test_direction(module: str, path: Path) -> None:
    if module == "generator":
        return
    own = {name for name in imports(path) if name.split(".")[0] in ROOMS and name.split(".")[0] != name}
    wrong = {name for name in own if not within(name, rule_for(module)) and not _is_parent_of_allowed(name, module)}
    assert wrong == set()


def _is_parent_of_allowed(name: str, module: str) -> bool:
    """`from generator.package import manifest` names the package on the way to an allowed module."""
    return any(place.startswith(f"{name}.") for place in rule_for(module))


@pytest.mark.parametrize(("module", "path"), [pytest.param(*found, id=found[0]) for found in modules()])
def test_third_parties_stay_in_their_room(module: str, path: Path) -> None:
    wrong = {
        name
        for name in imports(path)
        for party, places in ONLY_IN.items()
        if within(name, (party,)) and not within(module, places)
    }
    assert wrong == set()


def test_no_cycles() -> None:
    known = dict(modules())
    graph = {
        module: {name for name in imports(path) if name in known and name != module} for module, path in known.items()
    }
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " -> ".join((*trail[trail.index(module) :], module))
        if module not in done:
            for name in sorted(graph[module]):
                visit(name, (*trail, module))
            done.add(module)

    for module in graph:
        visit(module, ())
