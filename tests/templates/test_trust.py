"""Who CloudFormation is in a Region that accounts have to opt in to."""

from __future__ import annotations

import pytest
from troposphere import encode_to_dict

from templates.access.trust import trust_stack_sets


@pytest.mark.parametrize(
    ("region", "principal"),
    [
        ("eu-west-1", "cloudformation.amazonaws.com"),
        ("eu-south-2", ["cloudformation.amazonaws.com", "cloudformation.eu-south-2.amazonaws.com"]),
    ],
)
def test_the_administration_role_trusts_the_service_of_its_region(region: str, principal: object) -> None:
    statement = encode_to_dict(trust_stack_sets(region))["Statement"][0]
    assert statement["Principal"] == {"Service": principal}
