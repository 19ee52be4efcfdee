"""`mlz access`: who can do what, and why, worked out from the templates; no AWS call."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlz.options import Run, Verbs, verb

if TYPE_CHECKING:
    from generator.access.decision import Decision

CHANGES = 2
build_option = click.option("--build", default="", metavar="DIR", help="A build folder; default: the templates as now.")
guardrails_option = click.option("--guardrails", is_flag=True, help="With the organization's policies attached.")


@click.group(cls=Verbs, help="Show who can do what, and why; test it; compare builds.")
def command() -> None:
    pass


@verb(
    "Every role against every capability: yes, no or unknown, and by which statement.",
    "Every role against every capability.",
)
@build_option
@guardrails_option
@click.option("--format", "form", type=click.Choice(("markdown", "html", "json")), default="markdown")
def matrix(run: Run, build: str, guardrails: bool, form: str) -> None:
    from generator.access import matrix as maker
    from mlz.declared import CAPABILITIES, site
    from mlz.terminal.output import json_text

    roles, capabilities = maker.read(CAPABILITIES)
    made = maker.matrix(site(run.settings(), build), roles, capabilities, guardrails=guardrails)
    if form == "json" or run.output == "json":
        run.console.data(json_text(maker.data(made)))
        return
    run.console.data((maker.html(made) if form == "html" else maker.markdown(made)).rstrip("\n"))


@verb(
    "The evaluation of one request, layer by layer, and which one decided.",
    "One request, layer by layer, and what decided.",
)
@click.argument("role", metavar="ROLE@ACCOUNT")
@click.argument("action")
@click.argument("resource")
@build_option
@guardrails_option
@click.option("--context", multiple=True, metavar="KEY=VALUE", help="A context key; twice for several values.")
@click.option("--absent", multiple=True, metavar="KEY", help="A context key that the request does not have.")
@click.option("--complete", is_flag=True, help="The request has no other context keys than those given.")
@click.option("--through", default="", metavar="ACCOUNT", help="Through the network of this account, by name.")
@click.option("--owner", default="", metavar="ACCOUNT", help="Owner of a resource whose ARN does not say it.")
def why(
    run: Run,
    role: str,
    action: str,
    resource: str,
    build: str,
    guardrails: bool,
    context: tuple[str, ...],
    absent: tuple[str, ...],
    complete: bool,
    through: str,
    owner: str,
) -> None:
    from generator.access.context import Missing
    from generator.access.evaluate import evaluate
    from generator.access.question import Question, case
    from mlz.declared import site

    keys = {**pairs(context), **dict.fromkeys(absent)}
    others = Missing.ABSENT if complete else Missing.UNKNOWN
    asked = case(
        site(run.settings(), build), Question(role, action, resource, owner, through, keys, others, guardrails)
    )
    decision = evaluate(asked.request, asked.policies)
    told(run, f"{asked.request.principal.identity} {action} {asked.request.resource}", decision)


def pairs(given: tuple[str, ...]) -> dict[str, Any]:
    """`key=value` texts; a key given twice has several values."""
    found: dict[str, Any] = {}
    for one in given:
        key, separator, value = one.partition("=")
        if not separator or not key:
            raise click.UsageError(f"--context {one}: not KEY=VALUE")
        if key in found:
            before = found[key]
            value = [*(before if isinstance(before, list) else [before]), value]  # type: ignore[assignment]
        found[key] = value
    return found


def told(run: Run, question: str, decision: Decision) -> None:
    """The decision with its layers, for people or programs."""
    from generator.access.expectations import by
    from mlz.terminal.console import Line
    from mlz.terminal.output import text_of

    if run.output != "text":
        run.console.data(text_of({"request": question, **_plain(decision)}, run.output))
        return
    style = {"allowed": "add", "denied": "remove", "unknown": "change"}[decision.outcome]
    lines = [Line(question, "title"), Line(f"{decision.outcome}{by(decision)}", style), Line("")]
    for step in decision.trace:
        said = f"{step.verdict}: {step.statement.sid} of {step.statement.source}" if step.statement else step.verdict
        lines.append(Line(f"  {step.kind.value:<26} {said}  ({', '.join(step.sources) or 'none'})"))
    run.console.lines(lines)
    if decision.missing:
        keys = " ".join(f"--context {key}=…" for key in decision.missing[:3])
        run.console.next(f"say more: {keys}, or --complete")


def _plain(decision: Decision) -> dict[str, Any]:
    import dataclasses
    import json

    plain: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(decision)))
    return plain


@verb("Hold expectations against the templates; exit 3 when one fails.")
@click.argument("files", nargs=-1)
@build_option
def test(run: Run, files: tuple[str, ...], build: str) -> None:
    from generator.access import expectations
    from generator.errors import GateError
    from mlz.declared import site
    from mlz.terminal.wording import count

    paths = [Path(one) for one in files] or _beside(run)
    found = [one for path in paths for one in expectations.read(path)]
    results = expectations.check(site(run.settings(), build), found)
    failed = [one for one in results if one.problem]
    for one in failed:
        asked = one.expectation.question
        run.console.data(f"{one.expectation.where}: {asked.who} {asked.action} {asked.resource}: {one.problem}")
        run.console.data(f"  {one.expectation.reason}")
    if failed:
        raise GateError(
            f"access: {count(len(failed), 'expectation')} of {len(results)} failed",
            "see who decides: mlz access why ROLE ACTION RESOURCE",
        )
    run.console.data(f"{count(len(results), 'expectation')} in {count(len(paths), 'file')} hold")


@verb("What a change lets anybody do that was not allowed before.")
@click.argument("before", metavar="BUILD_A")
@click.argument("after", metavar="BUILD_B")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when it widens, 0 when it does not.")
def diff(run: Run, before: str, after: str, detailed_exitcode: bool) -> int:
    from generator.access.difference import widenings
    from mlz.declared import site
    from mlz.terminal.console import Line
    from mlz.terminal.output import text_of
    from mlz.terminal.wording import count

    settings = run.settings()
    found = widenings(site(settings, before), site(settings, after))
    if run.output != "text":
        run.console.data(text_of(found, run.output))
    else:
        for one in found:
            run.console.lines([Line(f"{one.who} {one.action} {one.resource}", "title")])
            run.console.lines([Line(f"  was {one.before}", "remove"), Line(f"  is {one.after}", "add")])
            context = " ".join(f"{key}={value}" for key, value in one.context.items() if value is not None)
            through = f"through {one.through} " if one.through else ""
            if context or through:
                run.console.lines([Line(f"  {through}{context}", "quiet")])
        run.console.data(f"{count(len(found), 'request')} answered more generously" if found else "nothing widens")
    return CHANGES if found and detailed_exitcode else 0


def _beside(run: Run) -> list[Path]:
    """The user's own expectations: access/*.yaml beside the settings file."""
    from generator.errors import ToolError

    folder = (Path(run.config).parent if run.config else Path()) / "access"
    found = sorted(folder.glob("*.yaml"))
    if not found:
        raise ToolError(f"{folder}: no expectations here", "give FILES, or write access/*.yaml; see docs/security.md")
    return found


for one in (matrix, why, test, diff):
    command.add_command(one)
