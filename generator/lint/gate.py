"""The gate before a deployment: cfn-lint with every severity over every template, in parallel, cached by content."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from generator.errors import ToolError
from generator.lint import cache, nested
from generator.lint.cache import Linter
from generator.lint.finding import Finding, Findings

# cfn-lint's warning of a local TemplateURL, which only the copies have
_LOCAL_PATH = "W3002"


@dataclass(frozen=True)
class _Template:
    path: Path
    content: bytes
    children: tuple[Path, ...]
    key: str


def run(
    paths: Sequence[Path],
    region: str,
    *,
    cache_dir: Path | None = None,
    workers: int | None = None,
    files: Mapping[str, Path] | None = None,
) -> Findings:
    """Lint `paths` for `region`, with the findings that the serial cfn-lint has.

    `files` maps S3 keys to templates (nested.local_files): a template that nests one of them is checked against its
    parameters and outputs too. `workers` is the number of processes, by default that of the processors. Where the cache
    knows all answers, cfn-lint is not even imported.
    """
    linter = Linter.installed()
    templates = [_read(path, region, linter, files or {}) for path in paths]
    answers = [cache.load(cache_dir, template.key) for template in templates]
    open_ones = [index for index, answer in enumerate(answers) if answer is None]
    open_ones.sort(key=lambda index: -len(templates[index].content))
    if open_ones:
        fresh = _check([templates[index] for index in open_ones], region, workers, files or {})
        for index, findings in zip(open_ones, fresh, strict=True):
            cache.store(cache_dir, templates[index].key, findings)
            answers[index] = findings
    found = [
        msgspec.structs.replace(finding, path=str(template.path))
        for template, answer in zip(templates, answers, strict=True)
        for finding in answer or ()
    ]
    return Findings(tuple(found), len(open_ones), len(templates) - len(open_ones))


def _read(path: Path, region: str, linter: Linter, files: Mapping[str, Path]) -> _Template:
    try:
        content = path.read_bytes()
        inner = nested.children(content.decode(errors="replace"), files) if files else ()
        contents = [child.read_bytes() for child in inner]
    except OSError as problem:
        raise ToolError(f"{problem.filename}: {problem.strerror}", "generate again: mlz generate") from problem
    return _Template(path, content, inner, cache.key(linter, region, content, contents))


def _check(
    templates: Sequence[_Template], region: str, workers: int | None, files: Mapping[str, Path]
) -> list[tuple[Finding, ...]]:
    from generator.lint import workers as pool

    answers: list[tuple[Finding, ...]] = [()] * len(templates)
    with tempfile.TemporaryDirectory(prefix="lint-") as name:
        folder = Path(name).resolve()
        copies = _copies(templates, folder, files)
        for index, findings in pool.check(copies, folder, region, workers or os.cpu_count() or 1):
            moved = nested.localized_lines(templates[index].content.decode(errors="replace"), files)
            answers[index] = tuple(f for f in findings if (f.rule, f.line in moved) != (_LOCAL_PATH, True))
    return answers


def _copies(templates: Sequence[_Template], folder: Path, files: Mapping[str, Path]) -> list[str]:
    """Write each template, with local addresses of its children, and those; returns paths relative to `folder`."""
    wanted = [template.path for template in templates]
    every = list(dict.fromkeys([*wanted, *(child for template in templates for child in template.children)]))
    places = {path: f"{number}/{path.name}" for number, path in enumerate(every)}
    addresses = {path: f"../{place}" for path, place in places.items()}
    contents = {template.path: template.content for template in templates}
    for path, place in places.items():
        content = contents.get(path) or path.read_bytes()
        target = folder / place
        target.parent.mkdir()
        target.write_bytes(
            nested.localized(content.decode(), addresses, files).encode() if path in contents else content
        )
    return [places[path] for path in wanted]


def regions() -> list[str]:
    """The Regions that cfn-lint has schemas for."""
    from cfnlint.helpers import REGIONS

    return list(REGIONS)
