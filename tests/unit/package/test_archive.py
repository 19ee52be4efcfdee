"""Archives: the same bytes for the same files, whatever the machine, the order, the clock or the Python."""

import hashlib
import io
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import pytest

from generator.errors import ToolError
from generator.package.archive import function_archive, seed_archive, zip_bytes
from generator.package.sources import SourceFile

ROOT = Path(__file__).parents[3]
FILES = (
    SourceFile(PurePosixPath("b/run.sh"), b"#!/bin/sh\n"),
    SourceFile(PurePosixPath("a.txt"), b"some text, some text, some text\n" * 50),
    SourceFile(PurePosixPath("ü.txt"), b""),
)
DIGEST = "a5eeea4255fc2a6576cb24e9f0ffb5b5bae0ddf3aac235d7c2f66edc306542ef"
CANDIDATES = (shutil.which(f"python3.{minor}") for minor in (12, 13, 14))
OTHER_PYTHONS = [path for path in CANDIDATES if path and subprocess.run([path, "-c", ""], check=False).returncode == 0]
REPLAY = """
import hashlib, sys
from pathlib import PurePosixPath
from generator.package.archive import zip_bytes
from generator.package.sources import SourceFile
files = [SourceFile(PurePosixPath(p), c) for p, c in {files!r}]
print(hashlib.sha256(zip_bytes(files)).hexdigest())
"""


def test_entries_are_sorted_stored_dated_and_have_two_modes() -> None:
    with zipfile.ZipFile(io.BytesIO(zip_bytes(FILES))) as archive:
        seen = [
            (e.filename, e.date_time, e.compress_type, e.external_attr >> 16, e.create_system)
            for e in archive.infolist()
        ]
        assert archive.testzip() is None
        assert archive.read("a.txt") == FILES[1].content
    day = (1980, 1, 1, 0, 0, 0)
    assert seen == [
        ("a.txt", day, zipfile.ZIP_STORED, 0o100644, 3),
        ("b/run.sh", day, zipfile.ZIP_STORED, 0o100755, 3),
        ("ü.txt", day, zipfile.ZIP_STORED, 0o100644, 3),
    ]


def test_order_does_not_matter_and_the_bytes_are_known() -> None:
    assert zip_bytes(FILES) == zip_bytes(reversed(FILES))
    assert hashlib.sha256(zip_bytes(FILES)).hexdigest() == DIGEST


@pytest.mark.parametrize("python", [sys.executable, *OTHER_PYTHONS])
def test_other_pythons_and_hash_seeds_give_the_same_bytes(python: str) -> None:
    code = REPLAY.format(files=[(str(file.path), file.content) for file in FILES])
    for seed in ("0", "1"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
        run = subprocess.run([python, "-c", code], env=environment, capture_output=True, text=True, check=True)
        assert run.stdout.strip() == DIGEST


def test_one_name_twice_is_refused() -> None:
    with pytest.raises(ToolError) as problem:
        zip_bytes((FILES[0], FILES[0]))
    assert (problem.value.message, problem.value.hint) == (
        "archive: b/run.sh is in it twice",
        "give the files different names",
    )


def names(content: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.namelist()


def test_a_function_carries_the_shared_files_at_its_top_level(tmp_path: Path) -> None:
    for name in ("functions/lookup/index.py", "functions/_shared/answer.py", "seed/build/pkg/setup.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x = 1\n")
    assert names(function_archive("lookup", tmp_path)) == ["answer.py", "index.py"]
    assert names(seed_archive("build", tmp_path)) == ["pkg/setup.py"]


def test_a_touched_file_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "functions" / "lookup" / "index.py"
    path.parent.mkdir(parents=True)
    path.write_text("x = 1\n")
    before = function_archive("lookup", tmp_path)
    os.utime(path, (1, 1))
    path.chmod(0o777)
    assert function_archive("lookup", tmp_path) == before


def test_a_function_may_not_hide_a_shared_file(tmp_path: Path) -> None:
    sources = tmp_path / "templates" / "sources"
    for name in ("functions/lookup/answer.py", "functions/_shared/answer.py"):
        (sources / name).parent.mkdir(parents=True)
        (sources / name).write_text("x = 1\n")
    with pytest.raises(ToolError) as problem:
        function_archive("lookup", sources)
    assert problem.value.message == "templates/sources/functions/lookup/answer.py: hides the shared file of that name"
    assert problem.value.hint == "rename it, or delete templates/sources/functions/_shared/answer.py"


def test_an_unknown_function_names_the_known_ones(tmp_path: Path) -> None:
    (tmp_path / "templates" / "sources" / "functions" / "lookup").mkdir(parents=True)
    with pytest.raises(ToolError) as problem:
        function_archive("look-up", tmp_path / "templates" / "sources")
    assert problem.value.message == "templates/sources/functions/look-up: no such folder of sources"
    assert problem.value.hint == "there are: lookup"
