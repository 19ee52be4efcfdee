"""What an endpoint captured: one JSON document a line, with input, output and the inference's id."""

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True)
class Inference:
    """One call: the rows that were sent, the numbers that came back, and the id by which labels come later."""

    id: str
    rows: list[list[float | None]]
    answer: list[float]


def prefixes(base: str, endpoint: str, until: datetime, hours: int) -> list[str]:
    """Where SageMaker puts the captures of the last full `hours`: base/endpoint/variant/yyyy/mm/dd/hh/."""
    last = until.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    starts = [last - timedelta(hours=back) for back in range(hours, 0, -1)]
    return [f"{base}/{endpoint}/AllTraffic/{start:%Y/%m/%d/%H}/" for start in starts]


def inferences(lines: Iterable[str]) -> Iterator[Inference]:
    """The calls in captured lines; those with an empty or refused input are left out."""
    for line in lines:
        if line.strip():
            document = json.loads(line)
            data = document["captureData"]
            if "endpointInput" in data and "endpointOutput" in data:
                told = document["eventMetadata"]
                known = told.get("inferenceId") or told["eventId"]
                answer = [value for row in rows(text(data["endpointOutput"])) for value in row if value is not None]
                yield Inference(known, rows(text(data["endpointInput"])), answer)


def text(part: dict[str, str]) -> str:
    """One side of a capture: CSV as it is, or in base64 where the endpoint did not know the content type."""
    return base64.b64decode(part["data"]).decode() if part["encoding"] == "BASE64" else part["data"]


def rows(csv: str) -> list[list[float | None]]:
    """Numbers of each line; an empty field is None."""
    return [[number(field) for field in line.split(",")] for line in csv.splitlines() if line.strip()]


def number(field: str) -> float | None:
    return float(field) if field.strip() else None


def labels(csv: str) -> dict[str, float]:
    """Late labels: `inference id,label` on each line."""
    pairs = (line.split(",") for line in csv.splitlines() if line.strip())
    return {key.strip(): float(value) for key, value in pairs}
