"""Every intrinsic function, by the value that an SSM parameter or an output gets."""

from __future__ import annotations

import pytest

HEAD = """
Parameters: {Env: {Type: String, Default: dev}, Zones: {Type: CommaDelimitedList, Default: 'a, b,c'}}
Mappings: {Size: {dev: {Count: 2, Names: [x, y]}, eu-west-1: {Count: 9}}}
Conditions:
  Dev: !Equals [!Ref Env, dev]
  Prod: !Not [!Condition Dev]
  Both: !And [!Condition Dev, !Not [!Condition Prod]]
  Either: !Or [!Condition Prod, !Condition Dev]
  Mapped: !Equals [!FindInMap [Size, !Ref Env, Count], '2']
Resources:
  Repo: {Type: AWS::CodeCommit::Repository, Properties: {RepositoryName: seed}}
  Ghost: {Type: AWS::CodeCommit::Repository, Condition: Prod, Properties: {RepositoryName: ghost}}
Outputs:
"""

VALUES = {
    "!Ref Env": "dev",
    "!Ref AWS::AccountId": "222222222222",
    "!Ref AWS::Region": "eu-west-1",
    "!Ref AWS::Partition": "aws",
    "!Ref AWS::URLSuffix": "amazonaws.com",
    "!Ref AWS::StackName": "app",
    "!GetAtt Repo.Arn": "arn:aws:codecommit:eu-west-1:222222222222:seed",
    "!Sub '${Env}-${AWS::Region}-${!Literal}'": "dev-eu-west-1-${Literal}",
    "!Sub ['${A}-${Repo.Name}', {A: !Select [1, !Ref Zones]}]": "b-seed",
    "!Join ['-', [a, !Ref Env, 3, true]]": "a-dev-3-true",
    "!Join ['', !Ref Zones]": "abc",
    "!Select [2, !Split ['/', 'a/b/c']]": "c",
    "!FindInMap [Size, !Ref Env, Count]": "2",
    "!FindInMap [Size, !Ref 'AWS::Region', Count]": "9",
    "!Select [0, !FindInMap [Size, dev, Names]]": "x",
    "!If [Dev, y, n]": "y",
    "!If [Prod, y, n]": "n",
    "!If [Both, y, n]": "y",
    "!If [Either, y, n]": "y",
    "!If [Mapped, y, n]": "y",
    "!If [Prod, !Ref Ghost, none]": "none",
    "!Base64 hello": "aGVsbG8=",
    "!Select [1, !Cidr [10.0.0.0/16, 4, 8]]": "10.0.1.0/24",
    "!Join [',', !Cidr [10.0.0.0/24, 2, 4]]": "10.0.0.0/28,10.0.0.16/28",
    "!Join [',', !GetAZs '']": "eu-west-1a,eu-west-1b,eu-west-1c",
    "!Select [0, !GetAZs us-west-2]": "us-west-2a",
    "{'Fn::Length': !Ref Zones}": "3",
    "{'Fn::ToJsonString': {a: [1, !Ref Env]}}": '{"a":[1,"dev"]}',
    "!Join [',', [a, !If [Prod, b, !Ref 'AWS::NoValue'], c]]": "a,c",
}


@pytest.mark.parametrize("expression", VALUES)
def test_value(expression, host):
    stack = host.create(f"{HEAD}  O: {{Value: {expression}}}")
    assert (stack.status, stack.output("O")) == ("CREATE_COMPLETE", VALUES[expression])


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("!Select [3, !Ref Zones]", "Template error: Fn::Select cannot select nonexistent value at index 3"),
        ("!FindInMap [Size, prod, Count]", "Template error: Unable to get mapping for Size::prod::Count"),
        ("!FindInMap [Weight, dev, Count]",
         "Template error: Mapping named 'Weight' is not present in the 'Mappings' section of template."),
        ("!ImportValue nobody", "No export named nobody found."),
        ("{'Fn::Nope': x}", "Template error: unsupported function: Fn::Nope"),
        ("!Ref Zones", ("Template format error: Output O is malformed. "
         "The Value field of every Outputs member must evaluate to a String.")),
    ],
)  # fmt: skip
def test_what_cannot_be_resolved_rolls_the_stack_back(expression, message, host):
    stack = host.create(f"{HEAD}  O: {{Value: {expression}}}")
    assert stack.status == "ROLLBACK_COMPLETE"
    assert [event.reason for event in stack.events if event.status == "ROLLBACK_IN_PROGRESS"] == [
        f"{message} Rollback requested by user."
    ]


def test_no_value_removes_the_property(host):
    stack = host.create(
        "Conditions: {Prod: !Equals [a, b]}\nResources: {R: {Type: AWS::CodeCommit::Repository, Properties: "
        "{RepositoryName: r, RepositoryDescription: !If [Prod, d, !Ref 'AWS::NoValue']}}}"
    )
    assert stack.resources["R"].properties == {"RepositoryName": "r"}


@pytest.mark.parametrize(
    ("region", "partition", "suffix"),
    [
        ("cn-north-1", "aws-cn", "amazonaws.com.cn"),
        ("us-gov-west-1", "aws-us-gov", "amazonaws.com"),
        ("eu-west-1", "aws", "amazonaws.com"),
    ],
)
def test_pseudo_parameters_by_partition(region, partition, suffix, host):
    stack = host.create(
        "Resources: {R: {Type: AWS::CodeCommit::Repository, Properties: {RepositoryName: r}}}\n"
        "Outputs: {O: {Value: !Sub '${AWS::Partition} ${AWS::URLSuffix}'}, A: {Value: !GetAtt R.Arn}}",
        region=region,
    )
    assert stack.output("O") == f"{partition} {suffix}"
    assert stack.output("A") == f"arn:{partition}:codecommit:{region}:222222222222:r"


def test_dynamic_references_read_the_account_s_parameters(host):
    host.create(
        "Resources: {P: {Type: AWS::SSM::Parameter, Properties: {Name: /x/y, Type: String, Value: stored}}}", "p"
    )
    stack = host.create(
        "Resources: {R: {Type: AWS::CodeCommit::Repository, Properties: "
        "{RepositoryName: r, RepositoryDescription: 'is {{resolve:ssm:/x/y}}'}}}"
    )
    assert stack.resources["R"].properties["RepositoryDescription"] == "is stored"


def test_a_dynamic_reference_to_nothing_fails_its_resource(host):
    stack = host.create(
        "Resources: {R: {Type: AWS::CodeCommit::Repository, Properties: {RepositoryName: '{{resolve:ssm:/none}}'}}}"
    )
    assert stack.status == "ROLLBACK_COMPLETE"
    assert stack.events[2].reason == "Parameter /none not found. (Service: Ssm, Status Code: 400)"


def test_an_iam_condition_is_not_a_condition_function(host):
    stack = host.create(
        "Resources: {R: {Type: AWS::IAM::ManagedPolicy, Properties: {PolicyDocument: {Version: 2012-10-17, Statement: "
        "[{Effect: Allow, Action: 's3:GetObject', Resource: '*', "
        "Condition: {Bool: {'aws:SecureTransport': 'true'}}}]}}}}",
        capabilities=frozenset({"CAPABILITY_IAM"}),
    )
    assert stack.status == "CREATE_COMPLETE"
