"""Studio's role may make the calls of the notebooks that are for Studio, and not those of the others."""

from pathlib import Path

from generator.access import expectations
from mlz.config.configuration import Overlay, load
from mlz.declared import site

RIGHTS = Path(__file__).parent / "rights.yaml"
SETTINGS = Path(__file__).parents[2] / "mlz.example.yaml"


def test_every_right_is_as_the_notebooks_say() -> None:
    declared = site(load(SETTINGS, Overlay("", "", "", ""), {}))
    results = expectations.check(declared, expectations.read(RIGHTS))
    assert [f"{one.expectation.where}: {one.problem}" for one in results if one.problem] == []
