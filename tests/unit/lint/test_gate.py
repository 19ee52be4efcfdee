"""The gate: the serial CLI's findings, from forked workers or the cache, with nested templates checked too."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from generator.errors import GateError, ToolError
from generator.lint import gate
from generator.lint.finding import Finding, Findings, as_json, as_text, require, summary

REGION = "eu-west-1"
TEMPLATES = {
    "good.yaml": "Resources:\n  T:\n    Type: AWS::SNS::Topic\n",
    "remark.yaml": "Resources:\n  D:\n    Type: AWS::DynamoDB::Table\n    Properties:\n      AttributeDefinitions:\n"
    "      - {AttributeName: a, AttributeType: S}\n      KeySchema:\n      - {AttributeName: a, KeyType: HASH}\n"
    "      BillingMode: PAY_PER_REQUEST\n",
    "warning.yaml": "Parameters:\n  Unused: {Type: String}\nResources:\n  T:\n    Type: AWS::SNS::Topic\n",
    "error.yaml": "Resources:\n  B:\n    Type: AWS::S3::Bucket\n    Properties:\n      Bucketname: x\n"
    "  C:\n    Type: A::B::C\n",
    "silenced.yaml": "Resources:\n  B:\n    Type: AWS::S3::Bucket\n    Metadata:\n      cfn-lint:\n        config:\n"
    "          ignore_checks: [E3002]\n    Properties:\n      Bucketname: x\n",
    "broken.yaml": "Resources:\n  T: [\n",
    "list.yaml": "- a\n",
}
CHILD = """Parameters:
  Name: {Type: String}
Resources:
  T:
    Type: AWS::SNS::Topic
    Properties:
      TopicName: !Ref Name
Outputs:
  Made: {Value: !Ref T}
"""
PARENT = """Resources:
  Short:
    Type: AWS::CloudFormation::Stack
    DeletionPolicy: Delete
    UpdateReplacePolicy: Delete
    Properties:
      TemplateURL: !Sub https://b.s3.eu-west-1.${AWS::URLSuffix}/p/templates/0123/child.yaml
      Parameters:
        Wrong: x
  Long:
    Type: AWS::CloudFormation::Stack
    DeletionPolicy: Delete
    UpdateReplacePolicy: Delete
    Properties:
      TemplateURL:
        Fn::Sub:
          https://b.s3.eu-west-1.${AWS::URLSuffix}/p/templates/0123/child.yaml
      Parameters:
        Name: x
Outputs:
  Good: {Value: !GetAtt Long.Outputs.Made}
  Bad: {Value: !GetAtt Long.Outputs.Lost}
"""


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    for name, text in TEMPLATES.items():
        (tmp_path / name).write_text(text)
    return [tmp_path / name for name in TEMPLATES]


def serial(paths: list[Path], home: Path) -> list[tuple[object, ...]]:
    """What the cfn-lint program itself finds."""
    program = Path(sys.executable).with_name("cfn-lint")
    environment = {**os.environ, "HOME": str(home), "XDG_CACHE_HOME": str(home)}
    command = [str(program), "--include-checks", "I", "--regions", REGION, "--format", "json", *map(str, paths)]
    run = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=home, check=False)
    return sorted(_plain(found) for found in json.loads(run.stdout))


def _plain(found: dict[str, dict[str, dict[str, int]]]) -> tuple[object, ...]:
    start, end = found["Location"]["Start"], found["Location"]["End"]
    place = (start["LineNumber"], start["ColumnNumber"], end["LineNumber"], end["ColumnNumber"])
    level = {"Error": "error", "Warning": "warning", "Informational": "info"}[str(found["Level"])]
    return (found["Filename"], *place, found["Rule"]["Id"], level, found["Message"])


def test_the_findings_are_those_of_the_serial_program(paths: list[Path], tmp_path: Path) -> None:
    found = gate.run(paths, REGION, workers=2)
    plain = [(f.path, f.line, f.column, f.end_line, f.end_column, f.rule, f.level, f.message) for f in found.found]
    assert sorted(plain) == serial(paths, tmp_path)
    by_file = {name: [f.rule for f in found.found if f.path.endswith(f"/{name}")] for name in TEMPLATES}
    assert by_file == {
        "good.yaml": [],
        "remark.yaml": ["I3011", "I3011"],
        "warning.yaml": ["W2001"],
        "error.yaml": ["E3002", "E3006"],
        "silenced.yaml": [],
        "broken.yaml": ["E0000"],
        "list.yaml": ["E0000"],
    }
    assert (found.checked, found.cached) == (7, 0)


def test_the_cache_answers_alike_and_only_what_changed_is_linted(paths: list[Path], tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cold = gate.run(paths, REGION, cache_dir=cache)
    warm = gate.run(paths, REGION, cache_dir=cache)
    assert (warm.found, warm.checked, warm.cached) == (cold.found, 0, 7)
    paths[0].write_text(TEMPLATES["warning.yaml"])
    changed = gate.run(paths, REGION, cache_dir=cache)
    assert (changed.checked, changed.cached) == (0, 7)
    assert [f.rule for f in changed.found if f.path == str(paths[0])] == ["W2001"]
    paths[0].write_text(TEMPLATES["warning.yaml"] + "# other\n")
    assert gate.run(paths, REGION, cache_dir=cache).checked == 1
    assert gate.run(paths, "eu-central-1", cache_dir=cache).checked == 7


def test_a_damaged_cache_is_no_answer(paths: list[Path], tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cold = gate.run(paths[:3], REGION, cache_dir=cache)
    for file in cache.iterdir():
        file.write_text("[{")
    assert gate.run(paths[:3], REGION, cache_dir=cache) == cold


def test_a_warm_run_imports_no_linter(paths: list[Path], tmp_path: Path) -> None:
    gate.run(paths, REGION, cache_dir=tmp_path / "cache")
    names = [str(path) for path in paths]
    code = (
        "import sys; from pathlib import Path; from generator.lint import gate;"
        f"r = gate.run([Path(p) for p in {names}], {REGION!r}, cache_dir=Path({str(tmp_path / 'cache')!r}));"
        "print(r.cached, sorted({'cfnlint', 'multiprocessing', 'yaml', 'botocore'} & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert run.stdout == "7 []\n"


def test_nested_parameters_and_outputs_are_checked_where_the_child_is_known(tmp_path: Path) -> None:
    parent, child = tmp_path / "parent.yaml", tmp_path / "child.yaml"
    parent.write_text(PARENT)
    child.write_text(CHILD)
    files = {"p/templates/0123/child.yaml": child}
    cache = tmp_path / "cache"
    assert as_text(gate.run([parent, child], REGION).found) == ""
    assert as_text(gate.run([parent, child], REGION, files=files, cache_dir=cache).found) == (
        f'{parent}:8:7: error E3043 Nested stack template parameter "Name" is not specified at '
        "Resources/Short/Properties/Parameters\n"
        f'{parent}:9:9: error E3043 Specified parameter "Wrong" doesn\'t exist in nested stack template at '
        "Resources/Short/Properties/Parameters/Wrong\n"
        f"{parent}:22:9: error E6101 'Outputs.Lost' is not one of ['Outputs.Made'] in ['eu-west-1']\n"
    )
    child.write_text(CHILD.replace("Made:", "Lost:"))
    again = gate.run([parent, child], REGION, files=files, cache_dir=cache)
    assert again.checked == 2
    assert [(f.line, f.rule) for f in again.found] == [(8, "E3043"), (9, "E3043"), (21, "E6101")]


def test_settings_in_the_home_folder_change_nothing(
    paths: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".cfnlintrc").write_text("ignore_checks: [W, E]\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert [f.rule for f in gate.run(paths[2:4], REGION).found] == ["W2001", "E3002", "E3006"]
    assert os.environ["HOME"] == str(tmp_path)


def test_a_missing_template(tmp_path: Path) -> None:
    with pytest.raises(ToolError) as problem:
        gate.run([tmp_path / "none.yaml"], REGION)
    assert problem.value.message == f"{tmp_path}/none.yaml: No such file or directory"


def finding(level: str, path: str = "a.yaml") -> Finding:
    return Finding(path, 1, 2, 3, 4, "X1", level, "text")  # type: ignore[arg-type]


def test_the_gate_fails_at_its_threshold() -> None:
    findings = Findings((finding("error"), finding("warning"), finding("info", "b.yaml"), finding("info")), 2, 3)
    with pytest.raises(GateError) as problem:
        require(findings)
    assert problem.value.message == "lint: 1 error, 1 warning, 2 remarks in 2 of 5 templates"
    assert problem.value.exit_code == 3
    with pytest.raises(GateError) as problem:
        require(findings, "error")
    assert problem.value.message == "lint: 1 error in 1 of 5 templates"
    require(Findings((finding("info"),), 1), "warning")
    assert summary(()) == "no finding"


def test_findings_as_text_and_json() -> None:
    assert as_text([finding("error")]) == "a.yaml:1:2: error X1 text\n"
    assert json.loads(as_json([finding("info")])) == [
        {
            "path": "a.yaml",
            "line": 1,
            "column": 2,
            "end_line": 3,
            "end_column": 4,
            "rule": "X1",
            "level": "info",
            "message": "text",
            "resource": "",
            "help_url": "",
        }
    ]
