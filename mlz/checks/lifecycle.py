"""Whether what the templates use is still offered: features in maintenance or closed, runtimes, build images."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from mlz.checks.check import Check, Checks
from mlz.checks.data import data
from mlz.checks.wanted import Wanted
from mlz.terminal.wording import count


def lifecycle(wanted: Wanted, facts: dict[str, Any], today: date) -> Checks:
    """`facts` is templates/facts.toml. One finding for each problem, or one that says what was looked at."""
    known = data("lifecycle")
    found = (*_features(wanted, known), *_runtimes(wanted, facts, known, today), *_images(wanted, facts))
    found += tuple(_old(facts, known, today))
    if found:
        return found
    what = ", ".join([count(len(wanted.types), "type"), *sorted(wanted.runtimes), *sorted(wanted.images)])
    return (Check("lifecycle", "ok", f"all still offered to new accounts on {known['read']}: {what}"),)


def _features(wanted: Wanted, known: dict[str, Any]) -> Iterator[Check]:
    for feature in known["feature"]:
        used = sorted(set(feature["types"]) & (wanted.types | wanted.offered))
        if used:
            since = f" since {feature['since']}" if "since" in feature else ""
            detail = f"{', '.join(used)}: {feature['name']} is {feature['state']}{since}"
            yield Check("lifecycle", "warning", detail, f"instead: {feature['instead']}")


def _runtimes(wanted: Wanted, facts: dict[str, Any], known: dict[str, Any], today: date) -> Iterator[Check]:
    ends: dict[str, date] = facts["lambda"]["end_of_support"]
    hint = "choose another in templates/facts.toml, and generate again"
    for runtime in sorted(wanted.runtimes):
        if runtime not in ends:
            yield Check("lifecycle", "unknown", f"{runtime}: its end of support is not known", hint)
        elif ends[runtime] < today:
            yield Check("lifecycle", "failed", f"{runtime}: Lambda ended its support on {ends[runtime]}", hint)
        elif (ends[runtime] - today).days <= known["notice_days"]:
            yield Check("lifecycle", "warning", f"{runtime}: Lambda ends its support on {ends[runtime]}", hint)


def _images(wanted: Wanted, facts: dict[str, Any]) -> Iterator[Check]:
    offered = {facts["codebuild"]["image"], facts["codebuild"]["image_arm"]}
    for image in sorted(wanted.images - offered):
        hint = f"offered on {facts['codebuild']['read']}: {', '.join(sorted(offered))}"
        yield Check("lifecycle", "warning", f"{image}: not among the build images that CodeBuild offers", hint)


def _old(facts: dict[str, Any], known: dict[str, Any], today: date) -> Iterator[Check]:
    read = min(known["read"], facts["lambda"]["read"], facts["codebuild"]["read"])
    if (today - read).days > known["stale_days"]:
        detail = f"what is known of features and runtimes was read on {read}, which is long ago"
        yield Check("lifecycle", "unknown", detail, "use a newer release of mlz")
