"""Runs in the processing job after training: measures the model on the test rows and writes evaluation.json."""

import argparse
import json
import tarfile
from pathlib import Path

import pandas as pd
import xgboost


def report(model: xgboost.Booster, data: pd.DataFrame) -> dict[str, dict[str, dict[str, float]]]:
    """Mean squared error and the errors' standard deviation, in the form that the model registry shows."""
    labels = data.iloc[:, 0].to_numpy()
    errors = labels - model.predict(xgboost.DMatrix(data.iloc[:, 1:].to_numpy()))
    mse, deviation = float((errors**2).mean()), float(errors.std())
    return {"regression_metrics": {"mse": {"value": mse, "standard_deviation": deviation}}}


def load(archive: Path) -> xgboost.Booster:
    """The model in a training job's model.tar.gz; nothing is unpacked to disk."""
    with tarfile.open(archive) as files:
        packed = files.extractfile("xgboost-model")
        if packed is None:
            raise SystemExit(f"{archive}: xgboost-model is no file")
        return xgboost.Booster(model_file=bytearray(packed.read()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", type=Path, default=Path("/opt/ml/processing"))
    base = parser.parse_args().base
    measured = report(load(base / "model" / "model.tar.gz"), pd.read_csv(base / "test" / "test.csv", header=None))
    (base / "evaluation").mkdir(parents=True, exist_ok=True)
    (base / "evaluation" / "evaluation.json").write_text(json.dumps(measured))
