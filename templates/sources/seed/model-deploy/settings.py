"""The settings of a stage: read from its file, checked, and completed to the endpoint template's parameters."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

KINDS = ("REALTIME", "ASYNCHRONOUS", "SERVERLESS", "BATCH", "MULTI_MODEL")
TEXTS = ("EndpointKind", "EndpointInstanceType", "BatchSchedule", "BatchContentType", "AlarmTopicName")
TOPIC = re.compile(r"[\w-]{0,256}", re.ASCII)
SCHEDULE = re.compile(r"(rate|cron)\([^()]+\)")
FIRST_WAVE = "FirstWave"
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


@dataclass(frozen=True)
class Settings:
    """The endpoint template's parameters, and of production the accounts that change first: so many, or these."""

    parameters: dict[str, str]
    first_wave: int | tuple[str, ...]


def read(path: Path, *, production: bool) -> Settings:
    """The settings in `path`; every problem is named at once, and nothing else is deployed then."""
    given = json.loads(path.read_text())
    problems = [*unknown(given, production=production), *wrong(given)] or inconsistent(given, production=production)
    if problems:
        raise SystemExit("\n".join(f"{path.name}: {problem}" for problem in problems))
    first = given.pop(FIRST_WAVE, 1)
    wave = tuple(first) if isinstance(first, list) else int(first)
    return Settings({name: str(value) for name, value in given.items()}, wave)


def unknown(given: dict[str, object], *, production: bool) -> list[str]:
    names = (*TEXTS, *NUMBERS, *((FIRST_WAVE,) if production else ()))
    return [f"{name}: no such setting; there are: {', '.join(names)}" for name in sorted({*given} - {*names})]


def wrong(given: dict[str, object]) -> list[str]:
    found = [f"{name}: {given[name]!r} is no whole number" for name in NUMBERS if not whole(given.get(name, 0))]
    kind, first = given.get("EndpointKind", KINDS[0]), given.get(FIRST_WAVE, 1)
    if kind not in KINDS:
        found.append(f"EndpointKind: {kind!r} is none of {', '.join(KINDS)}")
    schedule = str(given.get("BatchSchedule", ""))
    if schedule and not SCHEDULE.fullmatch(schedule):
        found.append(f"BatchSchedule: {schedule!r} is neither rate(…) nor cron(…)")
    topic = given.get("AlarmTopicName", "")
    if not TOPIC.fullmatch(str(topic)):
        found.append(f"AlarmTopicName: {topic!r} is no topic's name; an ARN would be one account's")
    if not ((whole(first) and int(str(first))) or accounts(first)):
        found.append(f"{FIRST_WAVE}: {first!r} is neither a number of accounts nor a list of them")
    return found


def inconsistent(given: dict[str, object], *, production: bool) -> list[str]:
    """What the numbers say together; the defaults are those of the endpoint template."""
    kind = given.get("EndpointKind", KINDS[0])
    if given.get("BatchSchedule") and kind != "BATCH":
        return [f"BatchSchedule: {kind} has no schedule"]
    if kind in ("SERVERLESS", "BATCH"):
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


def accounts(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(whole(one) and len(str(one)) == 12 for one in value)


def whole(value: object) -> bool:
    return str(value).isascii() and str(value).isdigit()


def volume_encryption(instance_type: str, facts: Path) -> str:
    """HARDWARE for families with local storage, for which SageMaker refuses a key; KEY for all others."""
    family = instance_type.removeprefix("ml.").rpartition(".")[0]
    return "HARDWARE" if family in json.loads(facts.read_text())["local_storage"] else "KEY"
