"""One roll-out by the orchestrator on an embedded AWS of another process.

`python -m bench.converging serve N` prints where it is; `python -m bench.converging converge PLACE` prints seconds, CPU
seconds and calls.
"""

from __future__ import annotations

import resource
import sys
import time
from dataclasses import asdict
from typing import Any

import boto3
import msgspec

from bench.fleet import SETUP, prepare, roles_template
from bench.measure import BUCKET, REGION
from generator.package.manifest import ParameterEntry, TemplateEntry
from sandbox.server import Sandbox
from sandbox.world import Built, Unit, World, build
from stacksets.api import StackSetsApi
from stacksets.apply import Engine, apply
from stacksets.client import Cloud
from stacksets.organization import Scope, resolve
from stacksets.plan import make
from stacksets.spec import Definition, Preferences, StackSetSpec, targets_of
from stacksets.state import State, body_digests, read
from stacksets.waiting import Pace

STAGES = ("staging", "prod")
STAGING_SHARE = 5


def serve(accounts: int) -> None:
    """An organization with roles in every account and the template in a bucket, until standard input ends."""
    staging = accounts // STAGING_SHARE
    units = (Unit("targets", units=(Unit("staging", staging), Unit("prod", accounts - staging))),)
    with Sandbox() as aws:
        world = build(aws, World(units, dev_is_delegated=True))
        administration = prepare(aws, world)
        text, _ = roles_template()
        s3 = boto3.client("s3", endpoint_url=aws.endpoint, region_name=REGION, **aws.credentials(world.dev))
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_object(Bucket=BUCKET, Key="roles.yaml", Body=text.encode())
        place = {"endpoint": aws.endpoint, "administration": administration, "built": asdict(world)}
        place["keys"] = aws.credentials(world.dev)
        sys.stdout.write(msgspec.json.encode(place).decode() + "\n")
        sys.stdout.flush()
        sys.stdin.read()


def converge(place: dict[str, Any]) -> None:
    """From nothing to CURRENT; then once more, to see that nothing is left."""
    world = msgspec.convert(place["built"], Built)
    cloud = Cloud(boto3.Session(region_name=REGION, **place["keys"]), place["endpoint"])
    start = time.perf_counter()
    specs, state = _situation(cloud, world, place["administration"])
    service = StackSetsApi(cloud)
    apply(make(specs, state), Engine(service=service, pace=Pace(first=0.5, longest=5.0)))
    wall = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_SELF)
    calls = sum(cloud.calls.values())
    specs, state = _situation(cloud, world, place["administration"])
    if not make(specs, state).is_empty:
        raise RuntimeError("something is left to do")
    sys.stdout.write(f"{wall} {used.ru_utime + used.ru_stime} {calls}\n")


def _situation(cloud: Cloud, world: Built, administration: str) -> tuple[list[StackSetSpec], State]:
    scopes = {stage: Scope((world.units[f"targets/{stage}"],)) for stage in STAGES}
    state = read(StackSetsApi(cloud), [f"bench-roles-{stage}" for stage in STAGES])
    members = resolve(cloud.client("organizations"), scopes, len(state.accounts)).stages
    return [_spec(stage, members[stage].accounts, administration) for stage in STAGES], state


def _spec(stage: str, accounts: tuple[str, ...], administration: str) -> StackSetSpec:
    text, given = roles_template()
    values = {one["ParameterKey"]: one["ParameterValue"] for one in given}
    digest = body_digests(text)[0]
    definition = Definition(
        name=f"bench-roles-{stage}",
        template_url=f"https://{BUCKET}.s3.{REGION}.amazonaws.com/roles.yaml",
        template_sha256=digest,
        parameters={**values, "EnvType": stage},
        capabilities=("CAPABILITY_NAMED_IAM",),
        administration_role_arn=administration,
        execution_role_name=SETUP,
    )
    parameters = {name: ParameterEntry("String") for name in values}
    return StackSetSpec(
        definition=definition,
        template=TemplateEntry("roles.yaml", digest, len(text), "roles.yaml", parameters=parameters),
        layer="roles",
        stage=stage,
        stage_position=STAGES.index(stage),
        layer_position=0,
        targets=targets_of(accounts, (REGION,)),
        preferences=Preferences(),
    )


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(int(sys.argv[2]))
    else:
        converge(msgspec.json.decode(sys.argv[2]))
