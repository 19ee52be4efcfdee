"""The settings of a stage: read from its file, checked, and completed to the endpoint template's parameters."""

import json
from pathlib import Path

KINDS = ("REALTIME", "ASYNCHRONOUS", "SERVERLESS")
NUMBERS = (
    "EndpointInstanceCount",
    "EndpointMaxInstanceCount",
    "InvocationsPerInstance",
    "ServerlessMemory",
    "ServerlessConcurrency",
    "CapturePercentage",
    "CaptureDays",
    "CanaryInstances",
    "BakeSeconds",
    "ErrorAlarmThreshold",
    "LatencyAlarmMicroseconds",
)
LEAST_IN_PRODUCTION = 2


def read(path: Path, *, production: bool) -> dict[str, str]:
    """The settings in `path`; every problem is named at once, and nothing else is deployed then."""
    given = json.loads(path.read_text())
    problems = [*unknown(given), *wrong(given)] or inconsistent(given, production=production)
    if problems:
        raise SystemExit("\n".join(f"{path.name}: {problem}" for problem in problems))
    return {name: str(value) for name, value in given.items()}


def unknown(given: dict[str, object]) -> list[str]:
    names = ("EndpointKind", "EndpointInstanceType", *NUMBERS)
    return [f"{name}: no such setting; there are: {', '.join(names)}" for name in sorted({*given} - {*names})]


def wrong(given: dict[str, object]) -> list[str]:
    found = [f"{name}: {given[name]!r} is no whole number" for name in NUMBERS if not whole(given.get(name, 0))]
    kind = given.get("EndpointKind", KINDS[0])
    return found if kind in KINDS else [*found, f"EndpointKind: {kind!r} is none of {', '.join(KINDS)}"]


def inconsistent(given: dict[str, object], *, production: bool) -> list[str]:
    """What the numbers say together; the defaults are those of the endpoint template."""
    if given.get("EndpointKind") == "SERVERLESS":
        return []
    found = []
    count = int(str(given.get("EndpointInstanceCount", 2)))
    most = int(str(given.get("EndpointMaxInstanceCount", 1)))
    canary = int(str(given.get("CanaryInstances", 1)))
    if production and count < LEAST_IN_PRODUCTION:
        found.append(f"EndpointInstanceCount: {count}, production needs {LEAST_IN_PRODUCTION} to outlive a zone")
    if most not in (1, *range(count, most + 1)):
        found.append(f"EndpointMaxInstanceCount: {most} is less than EndpointInstanceCount, {count}")
    if count > 1 and 2 * canary > count:
        found.append(f"CanaryInstances: {canary} is more than half of {count}")
    return found


def whole(value: object) -> bool:
    return str(value).isascii() and str(value).isdigit()


def volume_encryption(instance_type: str, facts: Path) -> str:
    """HARDWARE for families with local storage, for which SageMaker refuses a key; KEY for all others."""
    family = instance_type.removeprefix("ml.").rpartition(".")[0]
    return "HARDWARE" if family in json.loads(facts.read_text())["local_storage"] else "KEY"
