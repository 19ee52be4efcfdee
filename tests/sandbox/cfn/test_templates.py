"""What is refused before anything is made: form, names, types, circles."""

from __future__ import annotations

import pytest

GROUP = "Resources:\n  A: {Type: AWS::ResourceGroups::Group, Properties: {Name: a}}\n"

REFUSALS = {
    "no resources": (
        "Description: x",
        "Template format error: At least one Resources member must be defined.",
    ),
    "a list": ("[1, 2]", "Template format error: unsupported structure."),
    "unknown section": (GROUP + "Output: {}", "Invalid template property or properties [Output]"),
    "no type": (
        "Resources: {A: {Properties: {}}}",
        "Template format error: [/Resources/A] Every Resources object must contain a Type member.",
    ),
    "logical id": (
        "Resources: {a-b: {Type: AWS::SNS::Topic}}",
        "Template format error: Resource name a-b is non alphanumeric.",
    ),
    "resource attribute": (
        "Resources: {A: {Type: AWS::SNS::Topic, Propertys: {}}}",
        "Invalid template resource property 'Propertys'",
    ),
    "unknown types": (
        "Resources: {A: {Type: AWS::Totally::Bogus}, B: {Type: AWS::IAM::Rolle}}",
        "Template format error: Unrecognized resource types: [AWS::IAM::Rolle, AWS::Totally::Bogus]",
    ),
    "undefined Ref": (
        "Resources: {A: {Type: AWS::SNS::Topic, Properties: {TopicName: !Ref Missing}}}",
        "Template format error: Unresolved resource dependencies [Missing] in the Resources block of the template",
    ),
    "undefined Ref in Sub": (
        "Resources: {A: {Type: AWS::SNS::Topic, Properties: {TopicName: !Sub '${Nope}-x'}}}",
        "Template format error: Unresolved resource dependencies [Nope] in the Resources block of the template",
    ),
    "undefined Ref in a branch not taken": (
        (
            "Conditions: {Nope: !Equals [a, b]}\n"
            "Resources: {A: {Type: AWS::SNS::Topic, Properties: {TopicName: !If [Nope, !Ref Gone, x]}}}"
        ),
        "Template format error: Unresolved resource dependencies [Gone] in the Resources block of the template",
    ),
    "undefined Ref in Outputs": (
        GROUP + "Outputs: {O: {Value: !Ref Missing}}",
        "Template format error: Unresolved resource dependencies [Missing] in the Outputs block of the template",
    ),
    "undefined GetAtt": (
        GROUP + "Outputs: {O: {Value: !GetAtt B.Arn}}",
        "Template error: instance of Fn::GetAtt references undefined resource B",
    ),
    "unknown attribute": (
        GROUP + "Outputs: {O: {Value: !GetAtt A.Colour}}",
        "Template error: resource A does not support attribute type Colour in Fn::GetAtt",
    ),
    "DependsOn": (
        "Resources: {A: {Type: AWS::SNS::Topic, DependsOn: Z}}",
        "Template format error: Unresolved resource dependencies [Z] in the Resources block of the template",
    ),
    "condition of a resource": (
        "Resources: {A: {Type: AWS::SNS::Topic, Condition: Never}}",
        "Template format error: Unresolved condition dependency Never in the Resources block of the template",
    ),
    "condition in If": (
        "Resources: {A: {Type: AWS::SNS::Topic, Properties: {TopicName: !If [Never, a, b]}}}",
        "Template error: unresolved condition dependency Never in Fn::If",
    ),
    "resource in a condition": (
        "Conditions: {C: !Equals [!Ref A, x]}\n" + GROUP,
        (
            "Template format error: Unresolved dependencies [A]. "
            "Cannot reference resources in the Conditions block of the template"
        ),
    ),
    "circle of resources": (
        (
            "Resources:\n"
            "  A: {Type: AWS::SNS::Topic, Properties: {TopicName: !Ref B}}\n"
            "  B: {Type: AWS::SNS::Topic, Properties: {TopicName: !Ref A}}\n"
            "  C: {Type: AWS::SNS::Topic, DependsOn: A}\n"
        ),
        "Circular dependency between resources: [A, B]",
    ),
    "circle of conditions": (
        "Conditions: {A: !Not [!Condition B], B: !Not [!Condition A]}\n" + GROUP,
        "Template format error: Circular dependency between conditions: [A]",
    ),
    "parameter type": (
        "Parameters: {P: {Type: Text}}\n" + GROUP,
        "Template format error: Unrecognized parameter type: Text",
    ),
    "parameter property": (
        "Parameters: {P: {Type: String, Defualt: x}}\n" + GROUP,
        "Invalid template parameter property 'Defualt'",
    ),
    "transform": (GROUP + "Transform: My::Macro", "No transform named My::Macro found."),
    "output without value": (
        GROUP + "Outputs: {O: {Description: x}}",
        "Template format error: Output O is malformed. The Value field is required.",
    ),
    "broken YAML": ("Resources: [", "Template format error: YAML not well-formed. (line 2, column 1)"),
    "broken JSON": ('{"Resources": ', "Template format error: JSON not well-formed. (line 1, column 15)"),
    "mapping": (
        "Mappings: {M: {a: {x: 1}}}\nConditions: {C: !Equals [!FindInMap [M, b, x], 1]}\n" + GROUP,
        "Template error: Unable to get mapping for M::b::x",
    ),
    "reference to a resource that its condition removes": (
        (
            "Conditions: {Nope: !Equals [a, b]}\nResources:\n"
            "  A: {Type: AWS::SNS::Topic, Condition: Nope}\n"
            "  B: {Type: AWS::SNS::Topic, Properties: {TopicName: !Ref A}}\n"
        ),
        "Template format error: Unresolved resource dependencies [A] in the Resources block of the template",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refused_before_anything_is_made(case, host, refusal):
    template, message = REFUSALS[case]
    assert refusal(lambda: host.create(template)) == f"ValidationError: {message}"
    assert host.engine.stacks("222222222222", "eu-west-1", deleted=True) == []


def test_a_body_over_51200_bytes_is_refused(host, refusal):
    body = GROUP + "#" * 51_200
    assert refusal(lambda: host.create(body)) == (
        f"ValidationError: 1 validation error detected: Value '{body[:40]}...' at 'templateBody' failed to satisfy "
        "constraint: Member must have length less than or equal to 51200"
    )


def test_a_template_by_url_may_have_a_megabyte_and_no_more(host, refusal):
    host.templates["https://b/t"] = GROUP + "#" * 900_000
    stack = host.engine.create_stack(host.request(None, template_url="https://b/t"), wait=True)
    assert stack.status == "CREATE_COMPLETE"
    host.templates["https://b/t"] += "#" * 100_000
    assert "less than or equal to 1000000" in refusal(
        lambda: host.engine.create_stack(host.request(None, "two", template_url="https://b/t"))
    )


def test_dates_stay_strings_and_json_equals_yaml(host):
    host.create("Resources: {A: {Type: AWS::SSM::Parameter, Properties: {Name: a, Type: String, Value: 2012-10-17}}}")
    host.create(
        '{"Resources": {"A": {"Type": "AWS::SSM::Parameter", "Properties": '
        '{"Name": "b", "Type": "String", "Value": "2012-10-17"}}}}',
        "json",
    )
    values = [host.stack(name).resources["A"].properties["Value"] for name in ("app", "json")]
    assert values == ["2012-10-17", "2012-10-17"]


def test_the_summary_of_a_template(host):
    summary = host.engine.template_summary(
        "222222222222",
        "eu-west-1",
        "Description: d\nParameters: {P: {Type: Number, Default: 3, AllowedValues: [3, 4], Description: why}}\n"
        "Resources: {R: {Type: AWS::IAM::Role, Properties: {RoleName: r, AssumeRolePolicyDocument: {}}}}",
    )
    assert summary == {
        "Parameters": [
            {
                "ParameterKey": "P",
                "ParameterType": "Number",
                "NoEcho": False,
                "DefaultValue": "3",
                "Description": "why",
                "ParameterConstraints": {"AllowedValues": ["3", "4"]},
            }
        ],
        "ResourceTypes": ["AWS::IAM::Role"],
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
        "DeclaredTransforms": [],
        "Version": "2010-09-09",
        "Description": "d",
        "CapabilitiesReason": "The following resource(s) require capabilities: [AWS::IAM::Role]",
    }
