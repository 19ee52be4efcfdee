"""Runs in the processing job: splits the data and encodes it; the label stands first in every output row."""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

LABEL = "rings"
CATEGORY = ["sex"]
MEASURES = ["length", "diameter", "height", "whole_weight", "shucked_weight", "viscera_weight", "shell_weight"]
SHARES = {"train": 0.7, "validation": 0.15, "test": 0.15}
SEED = 1


def encoder() -> ColumnTransformer:
    measures = Pipeline([("fill", SimpleImputer(strategy="median")), ("scale", StandardScaler())])
    category = Pipeline(
        [
            ("fill", SimpleImputer(strategy="constant", fill_value="missing")),
            ("encode", OneHotEncoder(handle_unknown="ignore")),
        ]
    )
    return ColumnTransformer([("measures", measures, MEASURES), ("category", category, CATEGORY)])


def split(data: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Shuffle and cut the rows; the encoder is fitted on the training rows alone."""
    shuffled = data.sample(frac=1, random_state=SEED)
    first = int(SHARES["train"] * len(shuffled))
    second = first + int(SHARES["validation"] * len(shuffled))
    parts = {"train": shuffled[:first], "validation": shuffled[first:second], "test": shuffled[second:]}
    fitted = encoder().fit(parts["train"].drop(columns=LABEL))
    return {name: _encoded(fitted, part) for name, part in parts.items()}


def _encoded(fitted: ColumnTransformer, part: pd.DataFrame) -> pd.DataFrame:
    features = fitted.transform(part.drop(columns=LABEL))
    return pd.DataFrame(np.column_stack([part[LABEL].to_numpy(), features]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", type=Path, default=Path("/opt/ml/processing"))
    base = parser.parse_args().base
    source = min((base / "input").glob("*.csv"))
    for name, part in split(pd.read_csv(source, names=[*CATEGORY, *MEASURES, LABEL])).items():
        (base / name).mkdir(parents=True, exist_ok=True)
        part.to_csv(base / name / f"{name}.csv", header=False, index=False)
