"""How the condition operators compare one text of a policy with one value of a request."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache

from generator.access.match import arn_like, like, plain
from generator.access.truth import Truth

# None where the two cannot be compared.
Test = Callable[[str, str], Truth]

_DECIMAL = re.compile(r"[+-]?\d+(\.\d+)?")
# The profile of ISO 8601 that the W3C wrote (NOTE-datetime): years, months, days, or all to a fraction of a second.
_DATE = re.compile(r"\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?)?)?")


def _equal(wanted: str, given: str) -> bool:
    return plain(wanted) == given


def _equal_folded(wanted: str, given: str) -> bool:
    return plain(wanted).lower() == given.lower()


def _bool(wanted: str, given: str) -> Truth:
    if {wanted.lower(), given.lower()} <= {"true", "false"}:
        return wanted.lower() == given.lower()
    return None


def _numbers(compare: Callable[[float, float], bool]) -> Test:
    return _parsed(_number, compare)


def _dates(compare: Callable[[float, float], bool]) -> Test:
    return _parsed(_moment, compare)


def _parsed(parse: Callable[[str], float | None], compare: Callable[[float, float], bool]) -> Test:
    def test(wanted: str, given: str) -> Truth:
        w, g = parse(wanted), parse(given)
        return None if w is None or g is None else compare(g, w)

    return test


@lru_cache(maxsize=4096)
def _number(text: str) -> float | None:
    return float(text) if _DECIMAL.fullmatch(text) else None


@lru_cache(maxsize=4096)
def _moment(text: str) -> float | None:
    """Seconds since 1970 of an ISO 8601 date, without a zone UTC's, or of a number of seconds."""
    if _DATE.fullmatch(text):
        moment = _parsed_date(text + "-01-01"[len(text) - 4 :] if len(text) < len("2026-01-01") else text)
        return None if moment is None else (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return float(text) if _DECIMAL.fullmatch(text) else None


def _parsed_date(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _in_network(wanted: str, given: str) -> Truth:
    network, address = _network(wanted), _network(given) if "/" not in given else None
    if network is None or address is None:
        return None
    match network, address:
        case ipaddress.IPv4Network(), ipaddress.IPv4Network():
            return address.subnet_of(network)
        case ipaddress.IPv6Network(), ipaddress.IPv6Network():
            return address.subnet_of(network)
    return False


def _same_bytes(wanted: str, given: str) -> Truth:
    try:
        return base64.b64decode(wanted, validate=True) == base64.b64decode(given, validate=True)
    except binascii.Error:
        return None


# Without their negations, which the condition itself inverts.
TESTS: Mapping[str, Test] = {
    "stringequals": _equal,
    "stringequalsignorecase": _equal_folded,
    "stringlike": like,
    "numericequals": _numbers(lambda given, wanted: given == wanted),
    "numericlessthan": _numbers(lambda given, wanted: given < wanted),
    "numericlessthanequals": _numbers(lambda given, wanted: given <= wanted),
    "numericgreaterthan": _numbers(lambda given, wanted: given > wanted),
    "numericgreaterthanequals": _numbers(lambda given, wanted: given >= wanted),
    "dateequals": _dates(lambda given, wanted: given == wanted),
    "datelessthan": _dates(lambda given, wanted: given < wanted),
    "datelessthanequals": _dates(lambda given, wanted: given <= wanted),
    "dategreaterthan": _dates(lambda given, wanted: given > wanted),
    "dategreaterthanequals": _dates(lambda given, wanted: given >= wanted),
    "bool": _bool,
    "binaryequals": _same_bytes,
    "ipaddress": _in_network,
    "arnequals": arn_like,
    "arnlike": arn_like,
}
# Only these take policy variables (IAM User Guide, policy variables).
WITH_VARIABLES = ("string", "arn")
