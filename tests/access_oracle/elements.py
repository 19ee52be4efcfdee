"""Random Principal and Condition elements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.access_oracle.world import CONTEXT, HOME, OTHER, Caller, Key

if TYPE_CHECKING:
    from tests.access_oracle.cases import Dice

_PATTERNS = {
    "Arn": ("arn:aws:sns:*:*:*", f"arn:aws:s3:::lake/{OTHER}:*", "arn:aws:*:::*", f"arn:aws:iam::{HOME}:role/*"),
    "Numeric": ("10", "300", "3600", "10.0", "-1"),
    "Date": ("2026-11-21T23:00:00Z", "2026-06-01", "2026-01-01T00:00:00+01:00", "2027-01-01T00:00:00Z"),
    "Epoch": ("1795300000", "1780272000", "1"),
    "IpAddress": ("10.0.0.0/8", "10.1.2.3/32", "203.0.113.0/24", "2001:db8::/32", "10.1.2.3/16"),
    "Bool": ("true", "false"),
}
_STRINGS = ("*", "data*", "?ata", "${aws:username}", "${aws:PrincipalTag/Team}", "${aws:PrincipalTag/No, 'data'}", "x")
_OPERATORS = {
    "String": ("Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase", "Like", "NotLike", "Equals", "Like"),
    "Arn": ("Equals", "Like", "NotEquals", "NotLike"),
    "Numeric": ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"),
    "Date": ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"),
}
_PRINCIPAL = Key("aws:PrincipalArn", "Arn", (f"arn:aws:iam::{HOME}:role/Exec", f"arn:aws:iam::{HOME}:user/Bob"))
_ALWAYS = (
    _PRINCIPAL,
    _PRINCIPAL,
    Key("aws:PrincipalOrgID", "String", ("o-home", "o-other")),
    Key("aws:PrincipalAccount", "String", (HOME, OTHER)),
    Key("aws:PrincipalIsAWSService", "Bool", ("true", "false")),
    Key("aws:username", "String", ("Bob", "Alice")),
    Key("aws:ResourceAccount", "String", (HOME, OTHER, "${aws:PrincipalAccount}")),
)


def conditions(dice: Dice, context: dict[str, Any]) -> dict[str, Any]:
    """One or two conditions, mostly on keys that the request has, often with their values."""
    element: dict[str, Any] = {}
    for _ in range(dice.one([1, 1, 2])):
        keys = [key for key in (*CONTEXT, *_ALWAYS) if key.name in context or dice.chance(0.15)]
        key = dice.one([k for k in keys if k.actions is None or k.name in context])
        name = key.name if dice.chance(0.85) else dice.one([key.name.lower(), key.name.upper()])
        if dice.chance(0.1):
            element.setdefault("Null", {})[name] = dice.one(["true", "false"])
            continue
        element.setdefault(_operator(dice, key), {})[name] = _values(dice, key, context)
    return element


def _operator(dice: Dice, key: Key) -> str:
    kind = key.type if dice.chance(0.85) else "String"
    kind = "Date" if kind == "Epoch" else kind
    match kind:
        case "Bool":
            name = "Bool"
        case "IpAddress":
            name = dice.one(["IpAddress", "NotIpAddress"])
        case _:
            name = kind + dice.one(_OPERATORS[kind])
    quantifier = dice.one(["ForAnyValue:", "ForAllValues:"]) if key.is_set or dice.chance(0.05) else ""
    optional = quantifier != "ForAnyValue:" and dice.chance(0.2)
    return quantifier + name + ("IfExists" if optional else "")


def _values(dice: Dice, key: Key, context: dict[str, Any]) -> Any:
    given = context.get(key.name, key.values[0])
    actual = given if isinstance(given, list) else [given]
    pool = [*actual, *actual, *key.values, *_PATTERNS.get(key.type, _STRINGS)]
    if key.type == "IpAddress":
        # The oracle takes an address of the other version, unlike a range of it, for no address at all.
        pool = [v if "/" in v or (":" in v) == (":" in actual[0]) else f"{v}/{128 if ':' in v else 32}" for v in pool]
    chosen = dice.some(pool, 1, 3) if dice.chance(0.6) else [dice.one(pool)]
    return chosen if len(chosen) > 1 or dice.chance(0.4) else chosen[0]


def principal_element(dice: Dice, caller: Caller, owner: str, *, direct: bool) -> dict[str, Any]:
    """A Principal that names the caller one way or another, or not; `direct`: also as the very session, or by `*`."""
    options: list[Any] = ["*", {"AWS": "*"}] if direct else []
    options += [{"AWS": owner}, {"Service": "lambda.amazonaws.com"}]
    options += [{"AWS": f"arn:aws:iam::{OTHER}:user/Eve"}, {"AWS": [f"arn:aws:iam::{HOME}:role/Exec", OTHER]}]
    if caller.account:
        account: list[Any] = [{"AWS": caller.account}, {"AWS": [f"arn:aws:iam::{caller.account}:root"]}]
        options += [*account, *account, *([{"AWS": caller.arn}] * 2 if direct else [])]
        options += [{"AWS": caller.role}] * 3 if caller.role else []
    if caller.kind == "service":
        options += [{"Service": caller.arn}] * 5 + [{"Service": [caller.arn, "sns.amazonaws.com"], "AWS": OTHER}]
    return {"Principal": dice.one(options)}


def not_principal(dice: Dice, caller: Caller) -> dict[str, Any]:
    """All that the caller is, or somebody else; AWS leaves open what naming a part of it does."""
    if caller.kind == "service":
        return {"Service": dice.one([caller.arn, "sns.amazonaws.com"])}
    if caller.account and dice.chance(0.6):
        return {"AWS": [f"arn:aws:iam::{caller.account}:root", *(n for n in (caller.arn, caller.role) if n)]}
    return {"AWS": [f"arn:aws:iam::{OTHER}:root", f"arn:aws:iam::{OTHER}:user/Eve"]}
