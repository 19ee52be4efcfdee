"""The environment is read whole, or every missing variable is named."""

import pytest
from pipelines.environment import LISTS, TEXTS, from_variables

GIVEN = {name: name.lower() for name in (*TEXTS.values(), *LISTS.values())}


def test_lists_are_split():
    environment = from_variables(GIVEN | {"SAGEMAKER_SUBNET_IDS": "subnet-1,subnet-2"})
    assert environment.subnets == ("subnet-1", "subnet-2")
    assert environment.model_package_group == "sagemaker_project_name-sagemaker_project_id"


def test_missing_variables_are_named():
    with pytest.raises(SystemExit) as problem:
        from_variables({name: value for name, value in GIVEN.items() if name not in ("ENV_NAME", "AWS_REGION")})
    assert str(problem.value) == "environment: not set: AWS_REGION, ENV_NAME"
