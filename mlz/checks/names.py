"""Whether every name that the templates give fits into what its service takes."""

from __future__ import annotations

from mlz.checks.check import Check, Checks
from mlz.checks.data import data
from mlz.checks.wanted import Wanted


def names(wanted: Wanted) -> Checks:
    """The names of the generated templates with the settings' environment, Region and parameters in them."""
    limits: dict[str, int] = data("limits")["names"]
    long = [(kind, name) for kind, name in wanted.names if len(name) > limits[kind]]
    if long:
        kind, name = max(long, key=lambda one: len(one[1]) - limits[one[0]])
        over = len(name) - limits[kind]
        detail = f"{name} has {len(name)} characters, {kind} takes {limits[kind]}"
        return (Check("names", "failed", detail, f"shorten environment.name or environment.type by {over}"),)
    if not wanted.names:
        return (Check("names", "ok", "the templates give no names"),)
    kind, name = min(wanted.names, key=lambda one: limits[one[0]] - len(one[1]))
    detail = f"{len(wanted.names)} names fit; the tightest, {name}, has {len(name)} of {limits[kind]} characters"
    return (Check("names", "ok", detail),)
