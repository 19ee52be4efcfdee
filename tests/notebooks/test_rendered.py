"""What is shipped is a valid notebook, what jupytext makes of the same source, and the same bytes each time."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import jupytext
import nbformat
import pytest

from generator.errors import ToolError
from generator.package import notebooks
from generator.package.archive import folder_archive
from mlz.release.product import product
from templates.catalog import NOTEBOOKS
from tests.notebooks.notebooks import SEEDS, SKIPPED, SOURCES, code, document, shipped, tags

ALL = pytest.mark.parametrize("path", shipped().values(), ids=list(shipped()))
BLANK_LINES = "lines_to_next_cell"  # jupytext's note for the way back to Python; it is in no notebook that it writes
SDK = "needs the SageMaker SDK"


def test_which_there_are() -> None:
    assert {name: path.parent.relative_to(SOURCES).as_posix() for name, path in shipped().items()} == {
        "00-setup": "notebooks",
        "01-overview": "notebooks",
        "99-clean-up": "notebooks",
        "sagemaker-pipeline": "seed/model-build-train",
        "sagemaker-pipelines-project": "seed/model-build-train",
        "sagemaker-model-deploy": "seed/model-deploy",
    }


def test_what_the_tests_leave_out() -> None:
    found = {
        (name, cell["id"]): cell["metadata"].get("reason")
        for name, path in shipped().items()
        for cell in code(path)
        if SKIPPED in tags(cell)
    }
    assert found == {
        ("sagemaker-pipeline", "install-sdk"): "installs packages",
        ("sagemaker-pipeline", "pipeline-parameters"): SDK,
        ("sagemaker-pipeline", "step-prepare"): SDK,
        ("sagemaker-pipeline", "step-train"): SDK,
        ("sagemaker-pipeline", "step-evaluate"): SDK,
        ("sagemaker-pipeline", "step-register"): SDK,
        ("sagemaker-pipeline", "definition"): SDK,
        ("sagemaker-pipeline", "watch"): "SageMaker runs the steps",
        ("sagemaker-pipelines-project", "install-sdk"): "installs packages",
        ("sagemaker-pipelines-project", "definition"): SDK,
        ("sagemaker-pipelines-project", "watch"): "SageMaker runs the steps",
    }


@ALL
def test_it_is_valid(path: Path) -> None:
    nbformat.validate(document(path))


@ALL
def test_jupytext_reads_the_same(path: Path) -> None:
    theirs = jupytext.reads(path.read_text(), fmt="py:percent").cells
    ours = nbformat.from_dict(document(path)).cells
    assert [(one.cell_type, "".join(one.source), one.metadata) for one in ours] == [
        (one.cell_type, one.source, {key: one.metadata[key] for key in one.metadata if key != BLANK_LINES})
        for one in theirs
    ]


@ALL
def test_nbformat_writes_the_same(path: Path) -> None:
    rendered = notebooks.rendered(path.read_text(), path.name).decode()
    assert nbformat.writes(nbformat.reads(rendered, as_version=4)) + "\n" == rendered


def test_the_archives_hold_notebooks_and_no_source_of_one() -> None:
    held = {
        folder.name: sorted(name for name in _names(folder_archive(folder)) if ".ipynb" in name)
        for folder in (SOURCES / "notebooks", *sorted(SEEDS.iterdir()))
    }
    assert held == {
        "notebooks": ["00-setup.ipynb", "01-overview.ipynb", "99-clean-up.ipynb"],
        "model-build-train": ["sagemaker-pipeline.ipynb", "sagemaker-pipelines-project.ipynb"],
        "model-deploy": ["sagemaker-model-deploy.ipynb"],
    }
    assert product().archives[NOTEBOOKS]() == folder_archive(SOURCES / "notebooks")


def test_a_cell_becomes_what_it_says() -> None:
    source = '# %% [markdown]\n# # A\n#\n# text\n\n# %% a-name tags=["x"] reason="why: \\"so\\""\n\nprint(1)\n\n\n'
    text, made = json.loads(notebooks.rendered(source, "a"))["cells"]
    assert text == {"cell_type": "markdown", "id": "text-1", "metadata": {}, "source": ["# A\n", "\n", "text"]}
    assert made == {
        "cell_type": "code",
        "execution_count": None,
        "id": "a-name",
        "metadata": {"tags": ["x"], "reason": 'why: "so"', "title": "a-name"},
        "outputs": [],
        "source": ["print(1)"],
    }


@pytest.mark.parametrize(
    ("source", "message", "hint"),
    [
        ("x = 1\n", "a.ipynb.py:1: does not begin with a cell", "begin with `# %% [markdown]`"),
        ("x = 1\n# %% a\n", "a.ipynb.py:1: does not begin with a cell", "begin with `# %% [markdown]`"),
        ("# %% a\n# %%\n", "a.ipynb.py:2: no head of a cell: # %%", "write `# %% name` or `# %% [markdown]`"),
        ("# %% a\n# %% a\n", "a.ipynb.py: two cells are named a", "give each a name of its own"),
        ("# %% a tags=[x]\n", "a.ipynb.py:1: tags of the cell is no JSON", "texts take double quotes"),
        ('# %% a b="1" c\n', "a.ipynb.py:1: not understood: c", "options are `key=JSON`"),
    ],
)
def test_what_is_no_notebook_is_refused(source: str, message: str, hint: str) -> None:
    with pytest.raises(ToolError) as problem:
        notebooks.rendered(source, "a.ipynb.py")
    assert (problem.value.message, problem.value.hint) == (message, hint)


def _names(archive: bytes) -> list[str]:
    return zipfile.ZipFile(io.BytesIO(archive)).namelist()
