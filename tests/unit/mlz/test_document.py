"""A settings file is plain data, and an error in it names its line."""

from __future__ import annotations

import pytest

from generator.errors import ToolError
from mlz.config.document import parse, typed
from mlz.config.settings import Settings


def refusal(text: str) -> tuple[str, str]:
    with pytest.raises(ToolError) as caught:
        typed(parse(text, "mlz.yaml"), Settings)
    return caught.value.message, caught.value.hint


def test_plain_scalars_keep_their_text() -> None:
    document = parse("a: NO\nb: 012345678901\nc: 2026-11-21\nd: 1_000\ne: ~\nf: 'null'\n", "x")
    expected = {"a": "NO", "b": "012345678901", "c": "2026-11-21", "d": "1_000", "e": None, "f": "null"}
    assert document.value == expected


def test_an_empty_file_is_all_defaults() -> None:
    assert typed(parse("", "mlz.yaml"), Settings) == Settings()
    assert typed(parse("environment:\ntags:\n", "mlz.yaml"), Settings) == Settings()


def test_an_unquoted_account_id_keeps_its_zero() -> None:
    settings = typed(parse("targets:\n  staging: {accounts: [012345678901]}\n", "mlz.yaml"), Settings)
    assert settings.targets.staging.accounts == ("012345678901",)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("regoin: eu-west-1\n", "mlz.yaml:1: regoin: unknown setting", "did you mean region?"),
        (
            "region: eu-west-1\nnetwork:\n  pol: x\n",
            "mlz.yaml:3: network.pol: unknown setting",
            "did you mean pool?",
        ),
        (
            "access:\n  zzz: x\n",
            "mlz.yaml:2: access.zzz: unknown setting",
            "known here: bootstrap_role, setup_role, serverless_endpoints, management_profile",
        ),
        (
            "targets:\n  prod:\n    accounts:\n      - 12345678901\n",
            "mlz.yaml:4: targets.prod.accounts[0]: '12345678901' is not an account id",
            "an account id has 12 digits; was a leading zero lost?",
        ),
        (
            "environment: {name: a-name-that-is-much-too-long}\n",
            (
                "mlz.yaml:1: environment.name: 'a-name-that-is-much-too-long' is not a name of at most 16 lower-case "
                "letters, digits and hyphens that begins with a letter"
            ),
            "names of roles and buckets are built from it, and AWS allows them 64 and 63 characters",
        ),
        (
            "network: {availability_zones: 1}\n",
            "mlz.yaml:1: network.availability_zones: '1' is not 2, 3 or 4",
            "SageMaker endpoints need two zones",
        ),
        (
            "network:\n  pins:\n    12: 10.64.0.0/20\n",
            "mlz.yaml:3: network.pins.12: '12' is not an account id",
            "an account id has 12 digits; was a leading zero lost?",
        ),
        (
            "rollout: {max_removal_percent: many}\n",
            "mlz.yaml:1: rollout.max_removal_percent: 'many' is not a whole percentage from 0 to 100",
            "see mlz.example.yaml, or run: mlz settings schema",
        ),
        (
            "core: [a]\n",
            "mlz.yaml:1: core: a mapping is expected here",
            "it has: stack_name, parameters",
        ),
        (
            "core:\n  parameters:\n    A: {b: c}\n",
            "mlz.yaml:3: core.parameters.A: a dict: Expected `str | array`, got `object`",
            "see mlz.example.yaml, or run: mlz settings schema",
        ),
        ("region: a\nregion: b\n", "mlz.yaml:2: region: given twice", "keep one of them"),
        (
            "a: &x [1]\nb: *x\n",
            "mlz.yaml:2: an alias (*x) is not accepted",
            "write the value out where it is used",
        ),
        (
            "[" * 20 + "]" * 20,
            "mlz.yaml:1: nested deeper than 12 levels",
            "see mlz.example.yaml for the shape",
        ),
        (
            "a: 1\n b: 2\n",
            "mlz.yaml:2: not YAML: mapping values are not allowed here",
            "check the indentation and the quotes at and above this line",
        ),
        ("? [a]\n: 1\n", "mlz.yaml:1: a key must be plain text", "write `key: value`"),
        (
            "- a\n",
            "mlz.yaml:1: a mapping is expected here",
            (
                "it has: environment, region, profile, package, core, portfolios, env, targets, network, access, "
                "rollout, stack_sets, tags"
            ),
        ),
    ],
)
def test_refused(text: str, message: str, hint: str) -> None:
    assert refusal(text) == (message, hint)


def test_several_documents_are_refused() -> None:
    assert refusal("a: 1\n---\nb: 2\n")[0] == "mlz.yaml:2: not YAML: but found another document"


def test_a_huge_file_is_refused() -> None:
    with pytest.raises(ToolError, match=r"mlz\.yaml: larger than 1000000 bytes"):
        parse("#" * 1_000_001, "mlz.yaml")
