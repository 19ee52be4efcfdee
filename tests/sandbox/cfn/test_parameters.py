"""Parameters and Rules: what is accepted, and the exact refusals."""

from __future__ import annotations

import pytest

RESOURCES = "\nResources: {A: {Type: AWS::ResourceGroups::Group, Properties: {Name: a}}}\n"

REFUSALS = {
    "missing": ("{P: {Type: String}, Q: {Type: String}}", {}, "Parameters: [P, Q] must have values"),
    "unknown": ("{P: {Type: String}}", {"P": "x", "Z": "y"}, "Parameters: [Z] do not exist in the template"),
    "allowed values": (
        "{P: {Type: String, AllowedValues: [a, b]}}",
        {"P": "c"},
        "Parameter 'P' must be one of AllowedValues",
    ),
    "pattern": (
        "{P: {Type: String, AllowedPattern: '[a-z]+'}}",
        {"P": "A1"},
        "Parameter 'P' must match pattern [a-z]+",
    ),
    "constraint description": (
        "{P: {Type: String, AllowedPattern: '[a-z]+', ConstraintDescription: lower case only}}",
        {"P": "A1"},
        "Parameter P failed to satisfy constraint: lower case only",
    ),
    "short": ("{P: {Type: String, MinLength: 3}}", {"P": "ab"}, "Parameter 'P' must contain at least 3 characters"),
    "long": ("{P: {Type: String, MaxLength: 3}}", {"P": "abcd"}, "Parameter 'P' must contain at most 3 characters"),
    "not a number": ("{P: {Type: Number}}", {"P": "many"}, "Parameter 'P' must be a number"),
    "small": ("{P: {Type: Number, MinValue: 2}}", {"P": "1"}, "Parameter 'P' must be a number not less than 2"),
    "large": ("{P: {Type: Number, MaxValue: 2}}", {"P": "2.5"}, "Parameter 'P' must be a number not greater than 2"),
    "member of a list": (
        "{P: {Type: CommaDelimitedList, AllowedValues: [a, b]}}",
        {"P": "a, z"},
        "Parameter 'P' must be one of AllowedValues",
    ),
    "number in a list": ("{P: {Type: List<Number>}}", {"P": "1,x"}, "Parameter 'P' must be a number"),
    "stored nowhere": (
        "{P: {Type: AWS::SSM::Parameter::Value<String>}}",
        {"P": "/none"},
        "Unable to fetch parameters [/none] from parameter store for this account.",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refused(case, host, refusal):
    declared, given, message = REFUSALS[case]
    template = f"Parameters: {declared}{RESOURCES}"
    assert refusal(lambda: host.create(template, parameters=given)) == f"ValidationError: {message}"


def test_no_echo_is_masked_and_still_used(host):
    stack = host.create(
        "Parameters: {Secret: {Type: String, NoEcho: true}, Open: {Type: String, Default: o}}\n"
        "Resources: {P: {Type: AWS::SSM::Parameter, Properties: {Name: p, Type: String, Value: !Ref Secret}}}",
        parameters={"Secret": "hush"},
    )
    assert [(row.key, row.value, row.resolved) for row in stack.shown_parameters()] == [
        ("Secret", "****", None),
        ("Open", "o", None),
    ]
    assert stack.resources["P"].properties["Value"] == "hush"
    assert {event.properties["Value"] for event in stack.events if event.logical_id == "P"} == {"****"}


def test_a_stored_parameter_shows_its_name_and_value(host):
    host.create(
        "Resources: {P: {Type: AWS::SSM::Parameter, Properties: {Name: /ami, Type: String, Value: ami-1}}}", "p"
    )
    stack = host.create(
        f"Parameters: {{P: {{Type: 'AWS::SSM::Parameter::Value<String>', Default: /ami}}}}{RESOURCES}"
        "Outputs: {O: {Value: !Ref P}}"
    )
    assert [(row.key, row.value, row.resolved) for row in stack.shown_parameters()] == [("P", "/ami", "ami-1")]
    assert stack.output("O") == "ami-1"


def test_lists_and_service_types_are_accepted(host):
    stack = host.create(
        "Parameters: {L: {Type: 'List<AWS::EC2::Subnet::Id>'}, V: {Type: 'AWS::EC2::VPC::Id'}, "
        "N: {Type: 'List<Number>'}}"
        + RESOURCES
        + "Outputs: {O: {Value: !Join ['+', !Ref L]}, N: {Value: !Join ['+', !Ref N]}}",
        parameters={"L": "subnet-1, subnet-2", "V": "vpc-1", "N": "1,2"},
    )
    assert (stack.output("O"), stack.output("N")) == ("subnet-1+subnet-2", "1+2")


RULES = """
Parameters:
  Mode: {Type: String, Default: 'OUS'}
  Ous: {Type: CommaDelimitedList, Default: ''}
  One: {Type: 'AWS::EC2::VPC::Id', Default: vpc-1}
  Two: {Type: 'AWS::EC2::VPC::Id', Default: vpc-1}
Rules:
  NeedsOus:
    RuleCondition: !Equals [!Ref Mode, OUS]
    Assertions:
    - Assert: !Not [!Equals [!Join ['', !Ref Ous], '']]
      AssertDescription: Mode OUS needs Ous
  Known:
    Assertions:
    - Assert: {'Fn::Contains': [[OUS, ACCOUNTS], !Ref Mode]}
      AssertDescription: Mode is OUS or ACCOUNTS
    - Assert: {'Fn::EachMemberIn': [{'Fn::RefAll': 'AWS::EC2::VPC::Id'}, [vpc-1, vpc-2]]}
      AssertDescription: networks are vpc-1 or vpc-2
    - Assert:
        !Or [{"Fn::EachMemberEquals": [{"Fn::RefAll": "AWS::EC2::VPC::Id"}, vpc-1]}, !Equals [!Ref Mode, ACCOUNTS]]
      AssertDescription: OUS uses one network
"""


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "Mode OUS needs Ous"),
        ({"Mode": "X", "Ous": "o"}, "Mode is OUS or ACCOUNTS"),
        ({"Mode": "ACCOUNTS", "Two": "vpc-3"}, "networks are vpc-1 or vpc-2"),
        ({"Ous": "o", "Two": "vpc-2"}, "OUS uses one network"),
    ],
)
def test_a_rule_that_does_not_hold(given, message, host, refusal):
    template = RULES.replace("!Not [!Equals [!Join ['', !Ref Ous], '']]", "!Not [!Equals [!Ref Raw, '']]").replace(
        "  One:", "  Raw: {Type: String, Default: ''}\n  One:"
    )
    given = {**given, "Raw": given.get("Ous", "")}
    assert refusal(lambda: host.create(template + RESOURCES, parameters=given)) == (
        f"ValidationError: Template validation error: {message}"
    )


def test_a_rule_whose_condition_is_false_is_not_asked(host):
    template = RULES.replace("!Not [!Equals [!Join ['', !Ref Ous], '']]", "!Equals [a, b]")
    assert host.create(template + RESOURCES, parameters={"Mode": "ACCOUNTS"}).status == "CREATE_COMPLETE"


def test_only_rule_functions_may_stand_in_rules(host, refusal):
    assert refusal(lambda: host.create(RULES + RESOURCES)) == (
        "ValidationError: Template error: Fn::Join is not a rule function, or its arguments do not fit"
    )
