"""Templates that are not ours: read from a file or from S3, with the parameters that they declare."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from generator.errors import ToolError
from generator.package.manifest import ParameterEntry, TemplateEntry
from mlz.fleet.targets import SUFFIX

if TYPE_CHECKING:
    from stacksets.client import Cloud

URL = re.compile(r"https://(?P<bucket>[a-z0-9.-]+?)\.s3[.-](?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?/(?P<key>.+)")
PLACE = re.compile(r"s3://(?P<bucket>[^/]+)/(?P<key>.+)")
# Bytes of a template in S3 (CloudFormation quotas; read 2026-11-21).
LIMIT = 1_000_000


@dataclass(frozen=True)
class Source:
    """One template: what it declares, the address that stack sets are given, and where its body is to be put first."""

    entry: TemplateEntry
    url: str
    body: bytes
    bucket: str = ""


class _Loader(yaml.BaseLoader):
    """Every scalar stays text; of CloudFormation's short forms only what stands below them is kept."""


def _below(loader: yaml.BaseLoader, _tag: str, node: yaml.Node) -> object:
    match node:
        case yaml.ScalarNode():
            return loader.construct_scalar(node)
        case yaml.SequenceNode():
            return loader.construct_sequence(node, deep=True)
        case yaml.MappingNode():
            return loader.construct_mapping(node, deep=True)
    raise AssertionError(node)


_Loader.add_multi_constructor("!", _below)


def read(template: str, cloud: Cloud, bucket: str, prefix: str, folder: Path) -> Source:
    """The template; a relative file is below `folder`. A file gets its place in the package bucket by its content."""
    if found := URL.fullmatch(template) or PLACE.fullmatch(template):
        body = _fetched(cloud, template, found["bucket"], found["key"])
        url = template if template.startswith("https:") else _address(found["bucket"], found["key"], cloud)
        return Source(_entry(template, body, found["key"]), url, body)
    if "://" in template:
        raise ToolError(f"{template}: not an address in S3", "https://BUCKET.s3.REGION.amazonaws.com/KEY, or s3://…")
    body = _file(folder / template)
    if not bucket:
        raise ToolError(f"{template}: no bucket to put it into", "set package.bucket, or put it into S3 yourself")
    key = f"{prefix}/stack-sets/{hashlib.sha256(body).hexdigest()}/{Path(template).name}"
    return Source(_entry(template, body, key), _address(bucket, key, cloud), body, bucket)


def put(source: Source, cloud: Cloud) -> None:
    """Put the body of a file to its place."""
    from stacksets.client import translated

    hints = {"NoSuchBucket": "make it: mlz package"}
    with translated(f"s3://{source.bucket}/{source.entry.key}", hints):
        cloud.client("s3").put_object(Bucket=source.bucket, Key=source.entry.key, Body=source.body)


def _address(bucket: str, key: str, cloud: Cloud) -> str:
    return f"https://{bucket}.s3.{cloud.region}.{SUFFIX[cloud.partition]}/{key}"


def _file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise ToolError(f"{path}: {problem.strerror}", "a template is a file, or its place in S3") from problem


def _fetched(cloud: Cloud, where: str, bucket: str, key: str) -> bytes:
    from stacksets.client import translated

    with translated(where, {"NoSuchKey": "there is nothing at this place"}):
        return bytes(cloud.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())


def _entry(where: str, body: bytes, key: str) -> TemplateEntry:
    document = _parsed(where, body)
    declared: dict[str, dict[str, Any]] = document.get("Parameters") or {}
    parameters = {name: _parameter(given) for name, given in declared.items()}
    return TemplateEntry(where, hashlib.sha256(body).hexdigest(), len(body), key, "", parameters)


def _parsed(where: str, body: bytes) -> dict[str, Any]:
    if len(body) > LIMIT:
        raise ToolError(f"{where}: {len(body)} bytes, a template has at most {LIMIT}", "split it into nested stacks")
    try:
        document = yaml.load(body, Loader=_Loader)
    except (yaml.YAMLError, UnicodeDecodeError) as problem:
        raise ToolError(
            f"{where}: neither YAML nor JSON: {str(problem).splitlines()[0]}", "lint it: cfn-lint"
        ) from problem
    if not isinstance(document, dict) or not document.get("Resources"):
        raise ToolError(f"{where}: not a template: it has no Resources", "name a CloudFormation template")
    return document


def _parameter(given: dict[str, Any]) -> ParameterEntry:
    default = given.get("Default")
    return ParameterEntry(
        type=given.get("Type", "String"),
        default=",".join(default) if isinstance(default, list) else default,
        allowed=tuple(given.get("AllowedValues", ())),
        pattern=given.get("AllowedPattern", ""),
        no_echo=str(given.get("NoEcho", "")).lower() == "true",
    )
