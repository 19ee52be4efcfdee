"""The payload contract: what is sent to an endpoint, and what its answers have to be like."""

import json
import math
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Contract:
    """`values` numbers between `least` and `most` in each answer; so many `requests`, of which `errors` may fail."""

    body: bytes
    content_type: str
    accept: str
    values: int
    least: float
    most: float
    requests: int
    p95_milliseconds: float
    errors: int


def read(path: Path, extent: str) -> Contract:
    """The contract in `path`; its payload stands beside it. `extent` is `full` or `smoke`."""
    given = json.loads(path.read_text())
    return Contract(
        body=(path.parent / given["payload"]).read_bytes(),
        content_type=given["content_type"],
        accept=given["accept"],
        requests=given["requests"][extent],
        p95_milliseconds=given["p95_milliseconds"],
        errors=given["errors"],
        **given["answer"],
    )


def numbers(answer: bytes) -> list[float]:
    """The numbers of a CSV or JSON answer, however they are nested; ValueError for anything else."""
    text = answer.decode()
    try:
        return flat(json.loads(text))
    except json.JSONDecodeError:
        return [float(value) for line in text.split("\n") for value in line.split(",") if value.strip()]


def flat(value: object) -> list[float]:
    match value:
        case bool():
            raise ValueError(f"{value} is no number")
        case int() | float():
            return [float(value)]
        case dict():
            return [number for one in value.values() for number in flat(one)]
        case list():
            return [number for one in value for number in flat(one)]
        case _:
            raise ValueError(f"{value!r} is no number")


def mistakes(contract: Contract, answer: bytes) -> list[str]:
    """What is wrong with one answer."""
    try:
        found = numbers(answer)
    except ValueError as problem:
        return [f"answer cannot be read: {problem}"]
    wrong = [] if len(found) == contract.values else [f"{len(found)} values instead of {contract.values}"]
    outside = [value for value in found if not contract.least <= value <= contract.most]
    return wrong + [f"{value:g} is not within {contract.least:g} and {contract.most:g}" for value in outside]


def percentile(values: list[float], share: float) -> float:
    """The smallest value that at least `share` of all values do not exceed; 0 without values."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0
