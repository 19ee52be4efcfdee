"""A buildspec, version 0.2, read and checked: phases, variables, artifacts.

Source: CodeBuild User Guide, "Build specification reference". What is not emulated is refused by name: reports, caches
and batches change nothing that a build leaves, so they are passed over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

PHASES = ("install", "pre_build", "build", "post_build")
_PASSED_OVER = frozenset({"reports", "cache", "proxy"})


class BuildspecError(Exception):
    """The buildspec cannot be read, or asks for what is not emulated; the text is for the build's phase context."""


@dataclass(frozen=True)
class Phase:
    """`goes_on` is on-failure: CONTINUE."""

    name: str
    commands: tuple[str, ...]
    at_last: tuple[str, ...] = ()
    goes_on: bool = False


@dataclass(frozen=True)
class Artifacts:
    """Which files a build hands on; patterns with `**` and `*`, relative to `base`."""

    files: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    base: str = ""
    flat: bool = False


@dataclass(frozen=True)
class Buildspec:
    """`secondary` are artifacts by identifier; `runtimes` is what install/runtime-versions asks for."""

    phases: tuple[Phase, ...]
    variables: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    exported: tuple[str, ...] = ()
    artifacts: Artifacts = Artifacts()
    secondary: Mapping[str, Artifacts] = field(default_factory=dict)
    runtimes: Mapping[str, str] = field(default_factory=dict)


def read(text: str) -> Buildspec:
    """BuildspecError in the words of CodeBuild where it has such."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BuildspecError(f"YAML_FILE_ERROR Message: {error}") from None
    if not isinstance(document, dict) or str(document.get("version")) != "0.2":
        raise BuildspecError("YAML_FILE_ERROR Message: This build spec is not of version 0.2")
    unknown = set(document) - {"version", "env", "phases", "artifacts", "run-as"} - _PASSED_OVER
    if unknown:
        raise BuildspecError(f"not emulated: {', '.join(sorted(map(str, unknown)))} in a buildspec")
    env = document.get("env") or {}
    _refuse(env, ("secrets-manager", "git-credential-helper"))
    artifacts = document.get("artifacts") or {}
    return Buildspec(
        tuple(_phase(name, document["phases"][name] or {}) for name in PHASES if name in document.get("phases", {})),
        {key: str(value) for key, value in (env.get("variables") or {}).items()},
        {key: str(value) for key, value in (env.get("parameter-store") or {}).items()},
        tuple(env.get("exported-variables") or ()),
        _artifacts(artifacts),
        {key: _artifacts(value) for key, value in (artifacts.get("secondary-artifacts") or {}).items()},
        {
            k: str(v)
            for k, v in ((document.get("phases") or {}).get("install") or {}).get("runtime-versions", {}).items()
        },
    )


def _refuse(given: Mapping[str, Any], names: tuple[str, ...]) -> None:
    for name in names:
        if given.get(name):
            raise BuildspecError(f"not emulated: env/{name} in a buildspec")


def _phase(name: str, given: Mapping[str, Any]) -> Phase:
    goes_on = str(given.get("on-failure", "ABORT")).upper()
    if goes_on not in ("ABORT", "CONTINUE"):
        raise BuildspecError(f"not emulated: on-failure {goes_on} in phase {name}")
    return Phase(name, _commands(given.get("commands")), _commands(given.get("finally")), goes_on == "CONTINUE")


def _commands(given: Any) -> tuple[str, ...]:
    match given:
        case None:
            return ()
        case str():
            return (given,)
        case list() if all(isinstance(item, str) for item in given):
            return tuple(given)
    raise BuildspecError("YAML_FILE_ERROR Message: Expected Commands to be a list of strings")


def _artifacts(given: Mapping[str, Any]) -> Artifacts:
    return Artifacts(
        tuple(given.get("files") or ()),
        tuple(given.get("exclude-paths") or ()),
        str(given.get("base-directory") or ""),
        str(given.get("discard-paths", "no")).lower() in ("yes", "true"),
    )
