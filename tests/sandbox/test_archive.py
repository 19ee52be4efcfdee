"""Archives of builds: whatever an entry is called, it stays below the folder that it is unpacked into."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest

from sandbox.builds.archive import unpack


def packed(name: str, content: str, mode: int = 0o644) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        entry = zipfile.ZipInfo(name)
        entry.external_attr = mode << 16
        archive.writestr(entry, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("deep/x", "deep/x"),
        ("../x", "x"),
        ("a/../../../x", "a/x"),
        ("/x", "x"),
        ("//etc/x", "etc/x"),
        ("..\\x", "..\\x"),
    ],
)
def test_an_entry_stays_inside(tmp_path: Path, name: str, place: str) -> None:
    folder = tmp_path / "some" / "where"
    unpack(packed(name, "text"), folder)
    files = [path for path in tmp_path.rglob("*") if not path.is_dir()]
    assert [(str(path.relative_to(folder)), path.read_text()) for path in files] == [(place, "text")]
    assert not Path("/etc/x").exists() and not Path("/x").exists()


def test_a_link_is_unpacked_as_a_file(tmp_path: Path) -> None:
    """A link to elsewhere, and a file below it, would leave the folder."""
    unpack(packed("link", "/etc", stat.S_IFLNK | 0o777), tmp_path)
    assert not (tmp_path / "link").is_symlink()
    assert (tmp_path / "link").read_text() == "/etc"


def test_a_script_can_be_run_and_nothing_runs_as_its_owner(tmp_path: Path) -> None:
    unpack(packed("run.sh", "true", stat.S_IFREG | stat.S_ISUID | 0o755), tmp_path)
    assert stat.S_IMODE((tmp_path / "run.sh").stat().st_mode) == 0o755
