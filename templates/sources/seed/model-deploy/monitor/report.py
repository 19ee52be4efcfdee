"""What a comparison says: as a document, as CloudWatch metrics, and as a sentence for people."""

import math
from typing import Any

from drift import Feature

NAMESPACE = "MLProjects/Drift"


def account(
    features: list[Feature], rows: int, misshapen: int, quality: tuple[float, int], limit: float
) -> dict[str, Any]:
    """One account's part of the document; `quality` is an error and of how many inferences, too great above `limit`."""
    error, labelled = quality
    return {
        "rows": rows,
        "misshapen": misshapen,
        "verdict": verdict(features),
        "drifted": {one.name: list(one.reasons) for one in features if one.reasons},
        "features": {one.name: {"psi": finite(one.psi), "ks": one.ks, "missing": one.missing} for one in features},
        "labelled": labelled,
        "rmse": error,
        "rmse_exceeded": labelled > 0 and error > limit,
    }


def finite(value: float) -> float | None:
    """JSON has no infinity."""
    return value if math.isfinite(value) else None


def verdict(features: list[Feature]) -> str:
    if not features:
        return "too few rows"
    return "drifted" if any(one.reasons for one in features) else "as in training"


def metrics(accounts: dict[str, dict[str, Any]], project: str, stage: str) -> list[dict[str, Any]]:
    """The stage's worst account, which the alarm watches; nothing about quality until labels have come."""
    dimensions = [{"Name": "Project", "Value": project}, {"Name": "Stage", "Value": stage}]
    judged = [one for one in accounts.values() if one["verdict"] != "too few rows"]
    labelled = [one for one in accounts.values() if one["labelled"]]
    values = {"ComparedRows": sum(one["rows"] for one in accounts.values())}
    if judged:
        values["DriftedFeatures"] = max(len(one["drifted"]) for one in judged)
    if labelled:
        values["Rmse"] = max(one["rmse"] for one in labelled)
        values["RmseExceeded"] = int(any(one["rmse_exceeded"] for one in labelled))
    return [
        {"MetricName": name, "Dimensions": dimensions, "Value": float(value), "Unit": "None"}
        for name, value in values.items()
    ]


def message(accounts: dict[str, dict[str, Any]], project: str) -> str:
    """For the topic; empty where nothing is to be told."""
    lines = []
    for name, one in accounts.items():
        lines += [f"{name}: {feature}: {', '.join(reasons)}" for feature, reasons in one["drifted"].items()]
        if one["rmse_exceeded"]:
            lines.append(f"{name}: error of {one['labelled']} labelled inferences is {one['rmse']:.3f}")
    return "\n".join([f"The data of {project} is no longer what its model was trained with.", *lines]) if lines else ""
