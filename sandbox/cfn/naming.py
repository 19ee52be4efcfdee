"""Identifiers of things that are only recorded, generated names, and pseudo parameters by partition."""

from __future__ import annotations

import hashlib
import re
import secrets
import string
from collections.abc import Mapping

from .model import JSON, Scope
from .schema import Schema

_ALPHABET = string.ascii_uppercase + string.digits
DEFAULT_NAME_LIMIT = 255

# How services shape ARNs that are not `<service>:<region>:<account>:<kind>/<name>`; the part after `arn:…:`.
# Source: the Service Authorization Reference, "Resource types defined by …" of each service.
ARN_SHAPES: Mapping[str, str] = {
    "AWS::S3::Bucket": "s3:::{name}",
    "AWS::SNS::Topic": "sns:{region}:{account}:{name}",
    "AWS::SQS::Queue": "sqs:{region}:{account}:{name}",
    "AWS::CodePipeline::Pipeline": "codepipeline:{region}:{account}:{name}",
    "AWS::CodeCommit::Repository": "codecommit:{region}:{account}:{name}",
    "AWS::Lambda::Function": "lambda:{region}:{account}:function:{name}",
    "AWS::Lambda::LayerVersion": "lambda:{region}:{account}:layer:{name}:1",
    "AWS::Logs::LogGroup": "logs:{region}:{account}:log-group:{name}:*",
    "AWS::StepFunctions::StateMachine": "states:{region}:{account}:stateMachine:{name}",
    "AWS::ServiceCatalog::Portfolio": "catalog:{region}:{account}:portfolio/{name}",
    "AWS::ServiceCatalog::CloudFormationProduct": "catalog:{region}:{account}:product/{name}",
    "AWS::ResourceGroups::Group": "resource-groups:{region}:{account}:group/{name}",
    "AWS::SecretsManager::Secret": "secretsmanager:{region}:{account}:secret:{name}-{short}",
    "AWS::IAM::OIDCProvider": "iam::{account}:oidc-provider/{name}",
    "AWS::IAM::ServerCertificate": "iam::{account}:server-certificate/{name}",
    "AWS::CloudTrail::Trail": "cloudtrail:{region}:{account}:trail/{name}",
    "AWS::CloudWatch::Alarm": "cloudwatch:{region}:{account}:alarm:{name}",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "{service}:{region}:{account}:loadbalancer/net/{name}/{short}",
    "AWS::ElasticLoadBalancingV2::TargetGroup": "elasticloadbalancing:{region}:{account}:targetgroup/{name}/{short}",
    "AWS::ElasticLoadBalancingV2::Listener": "elasticloadbalancing:{region}:{account}:listener/net/{name}/{short}",
    "AWS::CodeStarConnections::Connection": "codestar-connections:{region}:{account}:connection/{uuid}",
    "AWS::CodeConnections::Connection": "codeconnections:{region}:{account}:connection/{uuid}",
    "AWS::SSO::PermissionSet": "sso:::permissionSet/ssoins-{short}/ps-{short}",
    "AWS::CodeArtifact::Repository": "codeartifact:{region}:{account}:repository/{name}",
}
SERVICES: Mapping[str, str] = {"StepFunctions": "states", "ElasticLoadBalancingV2": "elasticloadbalancing"}

# Ref where it is not the schema's primaryIdentifier joined with `|`. Source: "Return values" of each type's page in the
# CloudFormation Template Reference.
REFS: Mapping[str, str] = {
    "AWS::Events::Rule": "Name",
    "AWS::CodeBuild::Project": "Name",
    "AWS::IAM::Policy": "PolicyName",
    "AWS::EC2::EIP": "PublicIp",
    "AWS::ECS::Service": "ServiceArn",
}
ID_PREFIXES: Mapping[str, str] = {
    "AWS::ServiceCatalog::Portfolio": "port-",
    "AWS::ServiceCatalog::CloudFormationProduct": "prod-",
    "AWS::ServiceCatalog::LaunchRoleConstraint": "cons-",
    "AWS::SageMaker::Domain": "d-",
    "AWS::EC2::VPCEndpointService": "vpce-svc-0",
    "AWS::EC2::VPCPeeringConnection": "pcx-0",
    "AWS::EC2::NetworkAcl": "acl-0",
    "AWS::EC2::TransitGateway": "tgw-0",
    "AWS::EC2::Instance": "i-0",
    "AWS::EC2::LaunchTemplate": "lt-0",
    "AWS::EFS::FileSystem": "fs-0",
}


def partition_of(region: str) -> tuple[str, str]:
    """(partition, URL suffix) by the Region's prefix."""
    if region.startswith("cn-"):
        return "aws-cn", "amazonaws.com.cn"
    if region.startswith("us-gov-"):
        return "aws-us-gov", "amazonaws.com"
    if region.startswith("eusc-"):
        return "aws-eusc", "amazonaws.eu"
    return "aws", "amazonaws.com"


def suffix(length: int = 12) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def generated_name(scope: Scope, limit: int = DEFAULT_NAME_LIMIT, *, lower: bool = False) -> str:
    """`<stack>-<logical>-<random>` as CloudFormation makes it, both parts cut where the type's limit asks for it."""
    room = limit - 14
    stack, logical = scope.stack_name, scope.logical_id
    if len(stack) + len(logical) > room:
        half = room // 2
        stack = stack[: max(half, room - len(logical))]
        logical = logical[: room - len(stack)]
    name = f"{stack}-{logical}-{suffix()}"
    return name.lower() if lower else name


def digest(*parts: str, length: int = 17) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:length]


def uuid_of(*parts: str) -> str:
    value = digest(*parts, length=32)
    return f"{value[:8]}-{value[8:12]}-{value[12:16]}-{value[16:20]}-{value[20:]}"


def kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()


def arn(type_name: str, name: str, scope: Scope) -> str:
    """An ARN of the type's usual shape in the scope's partition."""
    _, service, kind = type_name.split("::")[:3]
    shape = ARN_SHAPES.get(type_name, "{service}:{region}:{account}:{kind}/{name}")
    tail = shape.format(
        service=SERVICES.get(service, service.lower()),
        region=scope.region,
        account=scope.account,
        kind=kebab(kind),
        name=name,
        short=digest(type_name, name, length=16),
        uuid=uuid_of(type_name, name),
    )
    return f"arn:{scope.partition}:{tail}"


def physical_id(schema: Schema, properties: Mapping[str, JSON], scope: Scope) -> str:
    """What Ref returns for a recorded resource; generated parts are random, so a replacement gets another id."""
    named = REFS.get(schema.type)
    parts = [named] if named else list(schema.identifier)
    return "|".join(_component(schema, part, properties, scope) for part in parts) or generated_name(scope)


def _component(schema: Schema, part: str, properties: Mapping[str, JSON], scope: Scope) -> str:
    given = properties.get(part)
    if isinstance(given, str | int):
        return str(given)
    if part.endswith("Arn"):
        return arn(schema.type, _own_name(schema, properties) or generated_name(scope, 63), scope)
    if part in schema.read_only and part.endswith("Id"):
        prefix = ID_PREFIXES.get(schema.type)
        return f"{prefix}{suffix(13).lower()}" if prefix else uuid_of(suffix())
    return generated_name(scope, int(schema.subschema(part).get("maxLength", DEFAULT_NAME_LIMIT)))


def _own_name(schema: Schema, properties: Mapping[str, JSON]) -> str:
    """The name that an ARN of the type carries; empty where services use an id, or no name is given."""
    if schema.type in ID_PREFIXES:
        return ""
    keys = ("Name", f"{schema.type.split('::')[-1]}Name")
    return next((properties[key] for key in keys if isinstance(properties.get(key), str)), "")


def attribute(schema: Schema, path: str, physical: str, properties: Mapping[str, JSON], scope: Scope) -> JSON:
    """A plausible value for a read-only property of a recorded resource; the same at each call."""
    keys = [REFS[schema.type]] if schema.type in REFS else list(schema.identifier)
    parts = dict(zip(keys, physical.split("|"), strict=False))
    if path in parts:
        return parts[path]
    if isinstance(properties.get(path), str | int | bool):
        return properties[path]
    leaf = path.rsplit("/", 1)[-1]
    subschema = schema.subschema(path)
    kinds = subschema.get("type", "string")
    match kinds[0] if isinstance(kinds, list) else kinds:
        case "array":
            return []
        case "object":
            return {}
        case "boolean":
            return False
        case "integer" | "number":
            return 0
    if leaf.endswith("Arn"):
        return arn(schema.type, _own_name(schema, properties) or physical.split("|")[0].rsplit("/", 1)[-1], scope)
    if leaf.endswith("Name") and _own_name(schema, properties):
        return _own_name(schema, properties)
    return _words(schema, leaf, physical, scope)


def _words(schema: Schema, leaf: str, physical: str, scope: Scope) -> str:
    service = schema.type.split("::")[1].lower()
    mark = digest(schema.type, leaf, physical, length=12)
    if leaf.endswith(("Url", "URL", "Endpoint", "Http")):
        return f"https://{mark}.{service}.{scope.region}.{scope.url_suffix}"
    if leaf.endswith(("DNSName", "DomainName")):
        return f"{mark}.{service}.{scope.region}.{scope.url_suffix}"
    if leaf.endswith("Name"):
        return physical.split("|")[0].rsplit("/", 1)[-1]
    return f"{kebab(schema.type.rsplit('::', 1)[-1])}-{mark}" if not leaf.endswith("Id") else mark
