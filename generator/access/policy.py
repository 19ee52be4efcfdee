"""Policy documents by the part that they play in a decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from generator.access.statement import Statement, statements_of


class Kind(StrEnum):
    """The parts, in the order in which a trace tells them."""

    SCP = "service control policy"
    RCP = "resource control policy"
    ENDPOINT = "VPC endpoint policy"
    BOUNDARY = "permissions boundary"
    SESSION = "session policy"
    IDENTITY = "identity policy"
    RESOURCE = "resource policy"
    KEY = "key policy"
    TRUST = "trust policy"


@dataclass(frozen=True)
class Policy:
    """A concrete document; `source` names it for people.

    SCPs stand at levels of the organization (root, unit, account) and each `level` has to allow by itself; policies of
    one level add up. The other kinds need no level: identity policies add up, and so do session policies.
    """

    source: str
    kind: Kind
    document: Mapping[str, Any] = field(hash=False)
    level: str = ""

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """The document ready for matching; ToolError where it is no policy."""
        return statements_of(self.source, self.document)
