"""The kinds of values in mlz.yaml: each with what it must look like, and what to say when it does not."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

NAME_LIMIT = 16
TYPE_LIMIT = 10


def text(description: str, pattern: str, want: str, hint: str = "") -> Meta:
    return Meta(description=description, pattern=pattern, extra={"want": want, **({"hint": hint} if hint else {})})


_LABEL = "a name of at most {} lower-case letters, digits and hyphens that begins with a letter"
_WHY_SHORT = "names of roles and buckets are built from it, and AWS allows them 64 and 63 characters"
EnvName = Annotated[
    str,
    text(
        "First part of every name this environment makes.",
        r"^[a-z][a-z0-9-]{0,15}$",
        _LABEL.format(NAME_LIMIT),
        _WHY_SHORT,
    ),
]
EnvType = Annotated[
    str,
    text("Second part of every name, such as dev.", r"^[a-z][a-z0-9-]{0,9}$", _LABEL.format(TYPE_LIMIT), _WHY_SHORT),
]
Region = Annotated[
    str, text("AWS Region to deploy to.", r"^([a-z]{2,4}-[a-z]+(-[a-z]+)?-\d)?$", "a Region name", "such as eu-west-1")
]
Bucket = Annotated[
    str,
    text(
        "S3 bucket that templates and code are published to; made when it does not exist.",
        r"^([a-z0-9][a-z0-9-]{1,61}[a-z0-9])?$",
        "an S3 bucket name",
        "3 to 63 lower-case letters, digits and hyphens; a dot would break TLS",
    ),
]
AccountId = Annotated[
    str,
    text("AWS account id.", r"^\d{12}$", "an account id", "an account id has 12 digits; was a leading zero lost?"),
]
OrganizationalUnit = Annotated[
    str,
    text(
        "Organizational unit or root of the organization.",
        r"^(ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}|r-[0-9a-z]{4,32}|(?!ou-|r-)[^,\s][^,]*)$",
        "an organizational unit",
        "give its id, such as ou-ab12-34cdefgh, or its path of names, such as Workloads/Staging",
    ),
]
Cidr = Annotated[
    str,
    text("IPv4 block.", r"^(\d{1,3}\.){3}\d{1,3}/\d{1,2}$", "an IPv4 block", "such as 10.64.0.0/12"),
]
Percent = Annotated[int, Meta(ge=0, le=100, extra={"want": "a whole percentage from 0 to 100"})]
Parameters = Annotated[
    dict[str, str | tuple[str, ...]],
    Meta(description="Any parameter of the template, by its name there. A list becomes a comma-separated value."),
]
StackName = Annotated[
    str,
    text(
        "Name of the stack.",
        r"^([A-Za-z][A-Za-z0-9-]{0,127})?$",
        "a stack name",
        "letters, digits and hyphens, at most 128",
    ),
]


SetName = Annotated[
    str,
    text(
        "Name of a stack set.",
        r"^[A-Za-z][A-Za-z0-9-]{0,127}$",
        "a stack set's name",
        "letters, digits and hyphens, at most 128, beginning with a letter",
    ),
]
RoleName = Annotated[
    str,
    text("Name of an IAM role.", r"^([A-Za-z0-9+=,.@_-]{1,64})?$", "a role's name", "at most 64 characters, no path"),
]


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A section of the file; a key it does not know is an error."""
