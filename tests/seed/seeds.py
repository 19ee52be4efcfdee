"""The seed repositories, loaded as a build runs their scripts."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

SEEDS = Path(__file__).parents[2] / "templates" / "sources" / "seed"
DEPLOY = SEEDS / "model-deploy"


@contextmanager
def importable(folder: Path) -> Iterator[None]:
    """Modules of `folder` are found first, and forgotten afterwards: two repositories may use one name."""
    names = {path.stem for path in folder.glob("*.py")}
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in names:
            sys.modules.pop(name, None)


def load(path: Path) -> ModuleType:
    """A script as a module, with its neighbours importable as when it is run."""
    spec = importlib.util.spec_from_file_location(f"seed_{path.parent.name}_{path.stem}", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    with importable(path.parent):
        spec.loader.exec_module(module)
    return module
