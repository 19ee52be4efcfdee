"""Prints docs/controls.md: each FSBP control with the test that answers it, or the reason why none does."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

DATA = Path(__file__).parent / "controls.toml"


def controls() -> dict[str, dict[str, str]]:
    """`passes` and `excepted`: control -> answer."""
    return tomllib.loads(DATA.read_text())


def _order(control: str) -> tuple[str, int]:
    service, _, number = control.partition(".")
    return service, int(number)


def text() -> str:
    """The page."""
    found = controls()
    lines = [
        "# Controls",
        "",
        "Security Hub's FSBP controls for what the templates create. `make access` writes this page from",
        "`tests/access/controls.toml`; a test holds that every test named here exists.",
        "",
        f"{len(found['passes'])} answered, {len(found['excepted'])} excepted by name.",
    ]
    for title, part in (("Answered", "passes"), ("Excepted", "excepted")):
        lines += ["", f"## {title}", "", "| control | by |", "|---|---|"]
        lines += [f"| {control} | {found[part][control]} |" for control in sorted(found[part], key=_order)]
    return "\n".join(lines) + "\n"


def missing() -> list[str]:
    """Answers whose file does not hold the test that they name."""
    root = DATA.parents[2]
    named = {control: answer.split(": ", 1) for control, answer in controls()["passes"].items()}
    return [control for control, (file, test) in named.items() if not _holds(root / file, test)]


def _holds(path: Path, test: str) -> bool:
    return path.is_file() and (f"def {test}(" in path.read_text() or f"- name: {test}\n" in path.read_text())


if __name__ == "__main__":
    sys.stdout.write(text())
