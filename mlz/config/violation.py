"""A broken rule between settings."""

from __future__ import annotations

from dataclasses import dataclass

from mlz.config.document import Path


@dataclass(frozen=True)
class Violation:
    """One broken rule: the setting, what is wrong with it, what to do."""

    path: Path
    what: str
    hint: str
