"""The count of reachable actions expands patterns, follows managed policies, and takes away what is always denied."""

from __future__ import annotations

import pytest

from tests.access.reach import documents, reach

TEMPLATE = {
    "Resources": {
        "Role": {
            "Properties": {
                "Policies": [
                    {
                        "PolicyDocument": {
                            "Statement": [
                                {"Effect": "Allow", "Action": "kms:*crypt", "Resource": "*"},
                                {"Effect": "Deny", "Action": "kms:Encrypt", "Resource": "*"},
                                {"Effect": "Deny", "Action": "kms:Decrypt", "Resource": "*", "Condition": {"Bool": {}}},
                            ]
                        }
                    }
                ],
                "ManagedPolicyArns": [
                    {"Ref": "Own"},
                    "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
                ],
            }
        },
        "Foreign": {"Properties": {"ManagedPolicyArns": ["arn:aws:iam::222222222222:policy/x"]}},
        "Own": {
            "Properties": {
                "PolicyDocument": {"Statement": {"Effect": "Allow", "Action": ["SSM:getparameter"], "Resource": "x"}}
            }
        },
    }
}


def test_actions_are_expanded_over_all_policies_of_a_role() -> None:
    assert reach(documents(TEMPLATE, "Role")) == {
        "kms:decrypt",
        "ssm:getparameter",
        "logs:createloggroup",
        "logs:createlogstream",
        "logs:putlogevents",
    }


def test_a_policy_that_cannot_be_read_here_is_refused() -> None:
    with pytest.raises(
        SystemExit, match=r"^Foreign: arn:aws:iam::222222222222:policy/x: not a policy of this template"
    ):
        list(documents(TEMPLATE, "Foreign"))
