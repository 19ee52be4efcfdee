"""Sources: rendered or byte for byte, checked, and named with the line when they do not parse."""

from pathlib import Path, PurePosixPath

import pytest

from generator.errors import ToolError
from generator.package.sources import SourceFile, read


def written(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def source(name: str, content: bytes) -> SourceFile:
    return SourceFile(PurePosixPath(name), content)


def failure(folder: Path, values: dict[str, str] | None = None) -> tuple[str, str]:
    with pytest.raises(ToolError) as problem:
        read(folder, values)
    return problem.value.message, problem.value.hint


def test_only_j2_files_are_rendered_and_lose_the_suffix(tmp_path: Path) -> None:
    folder = written(
        tmp_path,
        {
            "b/app.py.j2": b'NAME = "{{ name }}"\n',
            "a.txt": b"{{ name }}\r\n\xff",
            "c.sh.j2": b"#!/bin/sh\necho {{ name }}",
        },
    )
    assert read(folder, {"name": "alpha"}) == (
        source("a.txt", b"{{ name }}\r\n\xff"),
        source("b/app.py", b'NAME = "alpha"\n'),
        source("c.sh", b"#!/bin/sh\necho alpha"),
    )


def test_a_shebang_and_not_the_mode_makes_a_file_executable(tmp_path: Path) -> None:
    folder = written(tmp_path, {"run.sh": b"#!/bin/sh\n", "plain.sh": b"echo\n"})
    (folder / "plain.sh").chmod(0o755)
    assert {file.path.name: file.executable for file in read(folder)} == {"run.sh": True, "plain.sh": False}


def test_left_overs_of_tools_and_hidden_files_stay_out_except_known_ones(tmp_path: Path) -> None:
    kept = {".coveragerc": b"[run]\n", "sub/.gitignore": b"*.pyc\n"}
    dropped = [
        ".env",
        ".git/config",
        "__pycache__/a.pyc",
        "a.pyc",
        "sub/.venv/x.py",
        "x.py~",
        ".ipynb_checkpoints/a.ipynb",
    ]
    folder = written(tmp_path, kept | dict.fromkeys(dropped, b"secret"))
    assert read(folder) == tuple(source(name, content) for name, content in sorted(kept.items()))


def test_short_tags_of_cloudformation_are_yaml(tmp_path: Path) -> None:
    content = b"A: !Sub '${B}'\nC: !GetAtt D.E\n"
    assert read(written(tmp_path, {"t.yml": content})) == (source("t.yml", content),)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.py", b"x = 1\ndef f(:\n", "templates/sources/x/a.py:2: not Python: invalid syntax"),
        (
            "a.py",
            b"x = '\x00'\n",
            "templates/sources/x/a.py:1: not Python: source code string cannot contain null bytes",
        ),
        ("a.json", b'{\n"a": }\n', "templates/sources/x/a.json:2: not JSON: Expecting value"),
        ("a.ipynb", b"", "templates/sources/x/a.ipynb:1: not JSON: Expecting value"),
        ("a.yaml", b"a: 1\nb: [1\n", "templates/sources/x/a.yaml:3: not YAML: did not find expected ',' or ']'"),
        ("a.yml", b"a: \xff\n", "templates/sources/x/a.yml:1: not UTF-8: invalid start byte"),
        (
            "a.yml.j2",
            b"a: {{ b }}\nc: [\n",
            "templates/sources/x/a.yml:3: not YAML: did not find expected node content",
        ),
        (
            "a.txt.j2",
            b"a\n{% if %}",
            "templates/sources/x/a.txt.j2:2: Expected an expression, got 'end of statement block'",
        ),
    ],
)
def test_what_does_not_parse_is_named_with_its_line(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    folder = written(tmp_path / "templates" / "sources" / "x", {name: content})
    assert failure(folder, {"b": "1"})[0] == message


def test_an_unknown_value_is_an_error_that_lists_the_known_ones(tmp_path: Path) -> None:
    folder = written(tmp_path / "templates" / "sources" / "x", {"a.py.j2": b"A = 1\nB = {{ missing }}\n"})
    assert failure(folder, {"region": "eu-west-1", "account": "1"}) == (
        "templates/sources/x/a.py.j2:2: 'missing' is undefined",
        "it is rendered with: account, region",
    )


def test_a_file_and_a_template_of_one_name(tmp_path: Path) -> None:
    folder = written(tmp_path / "templates" / "sources" / "x", {"a.txt": b"", "a.txt.j2": b""})
    assert failure(folder) == (
        "templates/sources/x/a.txt: stands there both as a file and as a template",
        "delete one of a.txt and a.txt.j2",
    )


def test_links_may_not_leave_the_folder(tmp_path: Path) -> None:
    sources = tmp_path / "templates" / "sources"
    written(sources, {"x/in.txt": b"in", "out.txt": b"out"})
    (sources / "x" / "same.txt").symlink_to("in.txt")
    assert read(sources / "x") == (source("in.txt", b"in"), source("same.txt", b"in"))
    (sources / "x" / "link.txt").symlink_to("../out.txt")
    assert failure(sources / "x") == (
        "templates/sources/x/link.txt: a symbolic link that leaves its folder",
        "ship a copy of the file instead",
    )


def test_a_missing_folder_lists_its_neighbours(tmp_path: Path) -> None:
    sources = written(tmp_path / "templates" / "sources" / "functions", {"a/x.py": b"", "b/x.py": b""})
    assert failure(sources / "c") == ("templates/sources/functions/c: no such folder of sources", "there are: a, b")
