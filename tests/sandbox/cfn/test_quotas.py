"""Sizes and names that services refuse: the mistakes that otherwise show in a real account only."""

from __future__ import annotations

import json

import pytest

NAMED = frozenset({"CAPABILITY_NAMED_IAM"})


def template(**resources):
    return json.dumps({"Resources": resources})


def policy(size=0, principal=None, action="s3:GetObject"):
    statement = {"Effect": "Allow", "Action": action, "Resource": f"arn:aws:s3:::{'x' * size}" if size else "*"}
    return {"Version": "2012-10-17", "Statement": [statement | ({"Principal": principal} if principal else {})]}


def role(**properties):
    trust = policy(principal={"Service": "lambda.amazonaws.com"}, action="sts:AssumeRole")
    del trust["Statement"][0]["Resource"]
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust, **properties}}


def trusting(arn):
    trust = policy(principal={"AWS": arn}, action="sts:AssumeRole")
    del trust["Statement"][0]["Resource"]
    return role(AssumeRolePolicyDocument=trust)


def failures(stack):
    return [event.reason for event in stack.events if event.status == "CREATE_FAILED"]


def said(message, service, status, code):
    return f'Resource handler returned message: "{message} (Service: {service}, Status Code: {status})" (HandlerErrorCode: {code})'  # noqa: E501


OVER = {
    "managed policy": (
        {"P": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": policy(6144)}}},
        said("Cannot exceed quota for PolicySize: 6144", "Iam", 409, "ServiceLimitExceeded"),
    ),
    "inline policies together": (
        {"R": role(RoleName="r", Policies=[{"PolicyName": n, "PolicyDocument": policy(5100)} for n in "ab"])},
        said("Maximum policy size of 10240 bytes exceeded for role r", "Iam", 409, "ServiceLimitExceeded"),
    ),
    "trust policy": (
        {"R": role(AssumeRolePolicyDocument=policy(2048))},
        said("Cannot exceed quota for ACLSizePerRole: 2048", "Iam", 409, "ServiceLimitExceeded"),
    ),
    "attached policies": (
        {"R": role(ManagedPolicyArns=[f"arn:aws:iam::aws:policy/P{n}" for n in range(11)])},
        said("Cannot exceed quota for PoliciesPerRole: 10", "Iam", 409, "ServiceLimitExceeded"),
    ),
    "bucket policy": (
        {
            "B": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "data"}},
            "P": {
                "Type": "AWS::S3::BucketPolicy",
                "DependsOn": "B",
                "Properties": {"Bucket": "data", "PolicyDocument": policy(20480)},
            },
        },
        said("Your policy exceeds the maximum allowed document size.", "S3", 400, "ServiceLimitExceeded"),
    ),
    "key policy": (
        {"K": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": policy(32768)}}},
        said("Key policy exceeds the maximum length of 32768 bytes", "Kms", 400, "ServiceLimitExceeded"),
    ),
    "boundary": (
        {"R": role(PermissionsBoundary="arn:aws:iam::222222222222:policy/none")},
        said(
            "Scope ARN: arn:aws:iam::222222222222:policy/none does not exist or is not attachable.",
            "Iam", 404, "NotFound",
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", OVER)
def test_refused(case, host):
    resources, message = OVER[case]
    stack = host.create(template(**resources), capabilities=NAMED)
    assert failures(stack) == [message]
    assert stack.status == "ROLLBACK_COMPLETE"


def test_white_space_in_an_iam_policy_does_not_count(host):
    document = json.dumps(policy(5900), indent=100)
    assert len(document) > 6144
    resources = {"P": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document}}}
    assert host.create(template(**resources), capabilities=NAMED).status == "CREATE_COMPLETE"


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("role", 'Invalid principal in policy: "AWS":"{arn}"'),
        ("bucket", "Invalid principal in policy"),
        ("key", "Policy contains a statement with one or more invalid principals."),
    ],
)
def test_a_principal_must_exist_in_its_account(kind, message, host):
    host.create(template(R=role(RoleName="there")), "elsewhere", account="333333333333", capabilities=NAMED)

    def resources(arn):
        named = policy(principal={"AWS": ["arn:aws:iam::333333333333:root", arn]})
        return {
            "role": {"R": trusting(arn)},
            "key": {"K": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": named}}},
            "bucket": {
                "B": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "data"}},
                "P": {
                    "Type": "AWS::S3::BucketPolicy",
                    "DependsOn": "B",
                    "Properties": {"Bucket": "data", "PolicyDocument": named},
                },
            },
        }[kind]

    there, gone = (f"arn:aws:iam::333333333333:role/{name}" for name in ("there", "gone"))
    assert failures(host.create(template(**resources(gone)), "bad", capabilities=NAMED)) == [
        said(message.format(arn=gone), {"role": "Iam", "bucket": "S3", "key": "Kms"}[kind], 400, "InvalidRequest")
    ]
    assert host.create(template(**resources(there)), "good", capabilities=NAMED).status == "CREATE_COMPLETE"


def test_template_quotas(host, refusal):
    group = {"Type": "AWS::ResourceGroups::Group", "Properties": {"Name": "g"}}
    many = {f"G{n}": group for n in range(501)}
    host.templates["u"] = template(**many)
    assert refusal(lambda: host.create(None, template_url="u")) == (
        "ValidationError: Template format error: Number of resources, 501, is greater than maximum allowed, 500"
    )
    body = json.dumps({"Parameters": {"P": {"Type": "String"}}, "Resources": {"G": group}})
    assert refusal(lambda: host.create(body, parameters={"P": "x" * 4097})) == (
        "ValidationError: 1 validation error detected: Value at 'parameters.P.parameterValue' failed to satisfy "
        "constraint: Member must have length less than or equal to 4096"
    )
