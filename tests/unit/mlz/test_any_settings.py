"""Whatever stands in a settings file, the answer is settings or one error that names a place and says what to do."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.errors import ToolError
from mlz.config.configuration import Overlay, load
from mlz.config.settings import Settings


def keys_of(kind: type[msgspec.Struct]) -> list[str]:
    return [field.encode_name for field in msgspec.structs.fields(kind)]


PARTS = [type(field.default) for field in msgspec.structs.fields(Settings) if isinstance(field.default, msgspec.Struct)]
KEYS = sorted({key for part in PARTS for key in keys_of(part)})
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.dates(),
    st.sampled_from(["NO", "10.0.0.0/16", "10.0.0.1/8", "ou-ab12-34cdefgh", "111122223333", "eu-west-1", "eu-west-1a"]),
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.sampled_from(KEYS), st.text(max_size=5)), inner, max_size=4),
    ),
    max_leaves=12,
)


def answer(text: str) -> Settings | ToolError:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "mlz.yaml"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            return load(path, Overlay(), {})
        except ToolError as problem:
            return problem


def is_an_answer(found: Settings | ToolError) -> bool:
    return isinstance(found, Settings) or bool("mlz.yaml" in found.message and found.hint)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(keys_of(Settings)), TREES, max_size=4))
def test_any_tree(tree: dict[str, object]) -> None:
    assert is_an_answer(answer(yaml.safe_dump(tree)))


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    assert is_an_answer(answer(text))
