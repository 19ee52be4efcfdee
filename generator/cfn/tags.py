"""Tags, built fresh at each call: troposphere's Tags objects change when they are added to each other."""

from __future__ import annotations

from typing import Any

from troposphere import Tags


def tags(**values: Any) -> Tags:
    """Resource tags in alphabetical order of their keys."""
    return Tags(**values)
