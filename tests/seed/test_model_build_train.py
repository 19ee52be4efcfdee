"""The build repository: environment, data set, and that everything is pinned."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

SEED = Path(__file__).parents[2] / "templates" / "sources" / "seed" / "model-build-train"


def load(name: str) -> ModuleType:
    path = SEED / "pipelines" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"seed_{path.stem}", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_environment_is_read_whole() -> None:
    environment = load("environment")
    given = {name: name.lower() for name in (*environment.TEXTS.values(), *environment.LISTS.values())}
    read = environment.from_variables({**given, "SAGEMAKER_SUBNET_IDS": "subnet-1,subnet-2"})
    assert read.subnets == ("subnet-1", "subnet-2")
    assert read.model_package_group == "sagemaker_project_name-sagemaker_project_id"


def test_missing_variables_are_named_together() -> None:
    environment = load("environment")
    given = {name: name.lower() for name in (*environment.TEXTS.values(), *environment.LISTS.values())}
    del given["AWS_REGION"]
    with pytest.raises(SystemExit) as problem:
        environment.from_variables({**given, "ENV_NAME": ""})
    assert str(problem.value) == "environment: not set: AWS_REGION, ENV_NAME"


def test_the_data_set_is_the_same_each_time() -> None:
    dataset = load("abalone/dataset")
    rows = list(dataset.rows(200))
    assert rows == list(dataset.rows(200))
    assert {len(row) for row in rows} == {len(dataset.COLUMNS)}
    assert {row[0] for row in rows} == {"M", "F", "I"}
    assert all(float(value) > 0 for row in rows for value in row[1:])


def test_variables_of_build_and_template_agree() -> None:
    """What the template sets is what the seed code reads."""
    from templates.project.model_build_train import build_variables

    environment = load("environment")
    assert set(build_variables()) == {*environment.TEXTS.values(), *environment.LISTS.values()}
