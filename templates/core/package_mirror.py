"""Which kind of package mirror there is, and the facts that it is made of."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from troposphere import And, Equals, Not, Or, Ref, Sub, Tags

from generator.cfn.contract import Cond, Param
from generator.cfn.tags import tags
from templates.env.vpc_endpoints import codeartifact_regions

GROUP = "Shared Services"
_TEMPLATES = Path(__file__).parent.parent

STACK_SET_NAME = Param(
    "StackSetName", "Name that the resources of the shared services carry", max_length=64, group=GROUP
)
KIND = Param(
    "PackageMirror",
    "AUTO takes CodeArtifact where the Region has it and else a proxy on Fargate; FARGATE always takes the proxy",
    default="AUTO",
    allowed=("AUTO", "FARGATE"),
    group=GROUP,
)


def _in_regions(names: tuple[str, ...]) -> Any:
    """Fn::Or takes ten terms at most."""
    halves = [names[: len(names) // 2], names[len(names) // 2 :]]
    return Or(*(Or(*(Equals(Ref("AWS::Region"), name) for name in half)) for half in halves))


HAS_CODEARTIFACT = Cond("RegionHasCodeArtifact", _in_regions(codeartifact_regions()))
USES_CODEARTIFACT = Cond("UsesCodeArtifact", And(HAS_CODEARTIFACT, Equals(KIND, "AUTO")))
USES_FARGATE = Cond("UsesFargate", Not(USES_CODEARTIFACT))


@dataclass(frozen=True)
class Proxy:
    """The proxy's image and size."""

    image: str
    architecture: str
    cpu: str
    memory: str


@cache
def proxy() -> Proxy:
    """From package_mirror.toml."""
    data = tomllib.loads((_TEMPLATES / "package_mirror.toml").read_text())
    return Proxy(data["image"], data["architecture"], data["cpu"], data["memory"])


@cache
def proxy_configuration() -> str:
    """The text of the proxy's nginx.conf."""
    return (_TEMPLATES / "sources" / "package-mirror" / "nginx.conf").read_text()


def of_shared_services(what: str, **more: Any) -> Tags:
    """Tags of a part of the shared services, its name included."""
    return tags(Name=Sub(f"{what}-${{StackSetName}}"), **more)
