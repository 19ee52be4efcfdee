"""Makes a data set like the abalone one: the same columns, values drawn from a fixed seed."""

import argparse
import csv
import random
from collections.abc import Iterator
from pathlib import Path

COLUMNS = (
    "sex",
    "length",
    "diameter",
    "height",
    "whole_weight",
    "shucked_weight",
    "viscera_weight",
    "shell_weight",
    "rings",
)


def rows(count: int, seed: int = 1) -> Iterator[tuple[str, ...]]:
    """`count` rows: lengths in units of 200 mm, weights of 200 g, rings a whole number."""
    draw = random.Random(seed)
    for _ in range(count):
        sex = draw.choice("MFI")
        length = draw.betavariate(5, 4 if sex != "I" else 6)
        weight = max(0.002, 2.6 * length**3 * draw.gauss(1, 0.08))
        rings = max(1, round(3 + 14 * length + 3 * weight + draw.gauss(0, 1.2)))
        measures = (length, 0.8 * length, 0.28 * length, weight, 0.43 * weight, 0.22 * weight, 0.29 * weight)
        yield (sex, *(f"{value:.4f}" for value in measures), str(rings))


def write(path: Path, count: int) -> None:
    """Write a CSV file without a header line."""
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows(count))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=4177)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    write(arguments.output, arguments.rows)
