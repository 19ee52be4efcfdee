"""The callers, operations and context keys that random requests are made of."""

from __future__ import annotations

from dataclasses import dataclass, field

HOME, OTHER = "111111111111", "222222222222"


@dataclass(frozen=True)
class Caller:
    """`role` is the role's ARN for a session, `context` what AWS always says about the caller."""

    kind: str
    arn: str
    account: str = ""
    role: str = ""
    context: dict[str, str | list[str]] = field(default_factory=dict, hash=False)

    @property
    def has_identity(self) -> bool:
        return self.kind in ("user", "session", "federated")

    @property
    def has_session(self) -> bool:
        return self.kind in ("session", "federated")


def _of_account(account: str, arn: str) -> dict[str, str | list[str]]:
    return {
        "aws:PrincipalAccount": account,
        "aws:PrincipalArn": arn,
        "aws:PrincipalIsAWSService": "false",
        "aws:PrincipalOrgID": "o-home",
    }


def _user(name: str) -> Caller:
    arn = f"arn:aws:iam::{HOME}:user/{name}"
    return Caller("user", arn, HOME, "", {**_of_account(HOME, arn), "aws:username": name, "aws:PrincipalType": "User"})


def _session(role: str, name: str) -> Caller:
    arn = f"arn:aws:iam::{HOME}:role/{role}"
    context = {**_of_account(HOME, arn), "aws:PrincipalType": "AssumedRole", "aws:userid": f"AROAEXAMPLE:{name}"}
    session = f"arn:aws:sts::{HOME}:assumed-role/{role.rsplit('/', 1)[-1]}/{name}"
    return Caller("session", session, HOME, arn, context)


def _root() -> Caller:
    arn = f"arn:aws:iam::{HOME}:root"
    return Caller("root", arn, HOME, "", {**_of_account(HOME, arn), "aws:PrincipalType": "Account"})


def _federated() -> Caller:
    arn = f"arn:aws:sts::{HOME}:federated-user/Fay"
    return Caller("federated", arn, HOME, "", {**_of_account(HOME, arn), "aws:PrincipalType": "FederatedUser"})


def _service(name: str) -> Caller:
    context: dict[str, str | list[str]] = {"aws:PrincipalIsAWSService": "true", "aws:PrincipalServiceName": name}
    return Caller("service", name, "", "", context)


CALLERS = (
    _user("Bob"),
    _user("Alice"),
    _session("Exec", "run"),
    _session("Exec", "data"),
    _session("Exec", "run"),
    _session("Scientist", "anna"),
    _session("Scientist", "anna"),
    _root(),
    _federated(),
    _service("lambda.amazonaws.com"),
    Caller("anonymous", "*"),
)


@dataclass(frozen=True)
class Operation:
    """An action with resources it takes; `callers` limits the kinds of those who can ask, `kind` is the policy's."""

    action: str
    resources: tuple[str, ...]
    kind: str = "RESOURCE"
    callers: tuple[str, ...] = ()


_SIGNED = ("user", "session", "root", "federated", "service")
OPERATIONS = (
    Operation("s3:GetObject", ("arn:aws:s3:::data-bucket/data/a.csv", "arn:aws:s3:::lake/in/data.csv")),
    Operation("s3:PutObject", ("arn:aws:s3:::data-bucket/data/a.csv", "arn:aws:s3:::lake/x:y/data.csv")),
    Operation("s3:ListBucket", ("arn:aws:s3:::data-bucket", "arn:aws:s3:::lake")),
    Operation("kms:Decrypt", ("arn:aws:kms:eu-west-1:OWNER:key/data-1234",), "KEY", _SIGNED),
    Operation("kms:GenerateDataKey", ("arn:aws:kms:eu-west-1:OWNER:key/data-1234",), "KEY", _SIGNED),
    Operation("sts:AssumeRole", ("arn:aws:iam::OWNER:role/data-reader",), "TRUST", ("user", "session", "service")),
    Operation("sqs:SendMessage", ("arn:aws:sqs:eu-west-1:OWNER:data-queue",), "RESOURCE", _SIGNED),
    Operation("secretsmanager:GetSecretValue", ("arn:aws:secretsmanager:eu-west-1:OWNER:secret:data-a1b2c3",)),
    Operation("dynamodb:GetItem", ("arn:aws:dynamodb:eu-west-1:OWNER:table/data",), "RESOURCE", _SIGNED),
)


@dataclass(frozen=True)
class Key:
    """A context key, of one of the `types` of IAM's operators; only some `actions` know it."""

    name: str
    type: str
    values: tuple[str, ...]
    is_set: bool = False
    actions: tuple[str, ...] | None = None


CONTEXT = (
    Key("aws:PrincipalTag/Team", "String", ("data", "ml", "Data")),
    Key("aws:SourceIdentity", "String", ("data", "anna")),
    Key("aws:RequestedRegion", "String", ("eu-west-1", "us-east-1")),
    Key("aws:SourceVpce", "String", ("vpce-1", "vpce-2")),
    Key("aws:UserAgent", "String", ("cli/1.0", "boto3 (x*y)", "")),
    Key("aws:SourceAccount", "String", (HOME, OTHER)),
    Key("aws:SourceArn", "Arn", (f"arn:aws:sns:eu-west-1:{HOME}:topic", f"arn:aws:s3:::lake/{OTHER}:a")),
    Key("aws:PrincipalOrgPaths", "String", ("o-home/r-1/ou-1/", "o-home/r-1/ou-2/ou-3/"), True),
    Key("aws:CalledVia", "String", ("athena.amazonaws.com", "cloudformation.amazonaws.com"), True),
    Key("aws:TagKeys", "String", ("Team", "Cost", "owner"), True),
    Key("aws:SecureTransport", "Bool", ("true", "false", "true")),
    Key("aws:ViaAWSService", "Bool", ("true", "false")),
    Key("aws:MultiFactorAuthPresent", "Bool", ("true", "false")),
    Key("aws:MultiFactorAuthAge", "Numeric", ("10", "300", "3600.5", "0")),
    Key("aws:CurrentTime", "Date", ("2026-11-21T23:00:00Z", "2026-06-01T00:00:00Z", "2026-06-01T02:00:00+02:00")),
    Key("aws:TokenIssueTime", "Date", ("2026-11-21T22:00:00Z", "2026-11-21T23:30:00Z")),
    Key("aws:EpochTime", "Epoch", ("1795300000", "1780272000")),
    Key("aws:SourceIp", "IpAddress", ("10.1.2.3", "203.0.113.7", "2001:db8::1", "10.1.255.255")),
    Key("aws:VpcSourceIp", "IpAddress", ("10.1.2.3", "10.2.0.1")),
    Key("s3:prefix", "String", ("data/", "home/Bob/", ""), False, ("s3:ListBucket",)),
    Key("s3:max-keys", "Numeric", ("10", "1000"), False, ("s3:ListBucket",)),
    Key("kms:ViaService", "String", ("s3.eu-west-1.amazonaws.com",), False, ("kms:Decrypt", "kms:GenerateDataKey")),
    Key("sts:ExternalId", "String", ("x-1", "x-2"), False, ("sts:AssumeRole",)),
)
