"""How far values have moved from those of training: numbers in, numbers out; the standard library is all it needs."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

Rows = Sequence[Sequence[float | None]]

# An empty bin would make the index infinite; it counts as if one value in ten thousand were there
LEAST_SHARE = 1e-4
# Kolmogorov's distribution at 5 %: below it, two samples of these sizes may well have one origin
CRITICAL = 1.358


@dataclass(frozen=True)
class Limits:
    """From where on a feature counts as drifted; `rows` is how many are needed for a verdict."""

    psi: float = 0.2
    ks: float = 0.1
    missing: float = 0.05
    rows: int = 200


@dataclass(frozen=True)
class Feature:
    """One feature's distance from training; `reasons` is empty where it has not drifted."""

    name: str
    psi: float
    ks: float
    missing: float
    reasons: tuple[str, ...]


def present(values: Sequence[float | None]) -> list[float]:
    """The values that are there: neither None nor NaN."""
    return [value for value in values if value is not None and not math.isnan(value)]


def edges(values: Sequence[float], bins: int) -> list[float]:
    """The inner borders of `bins` bins that hold equally many `values`; fewer where values repeat."""
    ordered = sorted(values)
    return sorted({ordered[len(ordered) * step // bins] for step in range(1, bins)})


def shares(values: Sequence[float], borders: Sequence[float]) -> list[float]:
    """The share of `values` in each bin; a value on a border belongs to the bin above it."""
    counts = [0] * (len(borders) + 1)
    for value in values:
        counts[bisect_right(borders, value)] += 1
    return [count / len(values) for count in counts]


def psi(expected: Sequence[float], actual: Sequence[float], bins: int = 10) -> float:
    """Population stability index over the bins of `expected`: 0 for equal shares; both need values."""
    borders = edges(expected, bins)
    pairs = zip(shares(expected, borders), shares(actual, borders), strict=True)
    floored = [(max(before, LEAST_SHARE), max(now, LEAST_SHARE)) for before, now in pairs]
    return sum((now - before) * math.log(now / before) for before, now in floored)


def ks(first: Sequence[float], second: Sequence[float]) -> float:
    """Kolmogorov-Smirnov statistic: the greatest distance between the two cumulative shares, 0 to 1."""
    one, two = sorted(first), sorted(second)
    distances = (
        abs(bisect_right(one, value) / len(one) - bisect_right(two, value) / len(two)) for value in {*one, *two}
    )
    return max(distances)


def critical(first: int, second: int) -> float:
    """What the statistic of two samples of these sizes exceeds by chance in one case of twenty."""
    return CRITICAL * math.sqrt((first + second) / (first * second))


def feature(name: str, before: Sequence[float | None], now: Sequence[float | None], limits: Limits) -> Feature:
    """One feature's comparison; where nothing is there to compare, it has drifted for that reason."""
    old, new = present(before), present(now)
    absent = 1 - len(new) / len(now)
    more = absent - (1 - len(old) / len(before))
    reasons = [f"{absent:.1%} missing, {more:.1%} more than in training"] if more > limits.missing else []
    if not old or not new:
        return Feature(name, math.inf, 1.0, absent, tuple(reasons or ["nothing to compare"]))
    index, distance = psi(old, new), ks(old, new)
    if index >= limits.psi:
        reasons.append(f"PSI {index:.3f} from {limits.psi:g} on")
    if distance >= max(limits.ks, critical(len(old), len(new))):
        reasons.append(f"KS {distance:.3f} from {limits.ks:g} on")
    return Feature(name, index, distance, absent, tuple(reasons))


def compared(
    names: Sequence[str],
    before: Sequence[Sequence[float | None]],
    now: Sequence[Sequence[float | None]],
    limits: Limits,
) -> list[Feature]:
    """Every feature's comparison; rows are as long as `names`. Empty where there are too few rows for a verdict."""
    if len(now) < limits.rows or not before:
        return []
    return [
        feature(name, [row[place] for row in before], [row[place] for row in now], limits)
        for place, name in enumerate(names)
    ]


def rmse(predicted: dict[str, float], labels: dict[str, float]) -> tuple[float, int]:
    """Root mean squared error over the inferences whose label has come, and how many these are; 0.0 for none."""
    errors = [predicted[key] - label for key, label in labels.items() if key in predicted]
    return (math.sqrt(sum(error * error for error in errors) / len(errors)), len(errors)) if errors else (0.0, 0)
