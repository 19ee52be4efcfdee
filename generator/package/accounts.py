"""Remembers which account an access key belongs to, which never changes, so that STS is asked once."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

FILE = "accounts.json"


def remembered(folder: Path | None) -> dict[str, str]:
    """Account ids by the SHA-256 of an access key id; nothing where there is no readable record."""
    if folder is None:
        return {}
    try:
        found = json.loads((folder / FILE).read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def remember(folder: Path | None, accounts: Mapping[str, str]) -> None:
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f"{FILE}.{os.getpid()}"
    draft.write_text(json.dumps(accounts, sort_keys=True))
    draft.replace(folder / FILE)
