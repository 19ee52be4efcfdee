"""Runs a SageMaker pipeline's definition on this machine: a bucket is a folder, a container is a process.

Training stands for the built-in algorithm: the definition's hyperparameters as text, CSV with the label first, and an
archive with `xgboost-model` in it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import numpy
import xgboost

PROCESSING = Path("/opt/ml/processing")


class Jobs:
    """One execution: `folder` holds the buckets and the jobs' disks, `scripts` is where the job scripts are."""

    def __init__(self, definition: dict[str, Any], folder: Path, scripts: Path, parameters: dict[str, str]) -> None:
        self.definition, self.folder, self.scripts = definition, folder, scripts
        defaults = {one["Name"]: one["DefaultValue"] for one in definition["Parameters"]}
        self.values = {f"Parameters.{name}": value for name, value in {**defaults, **parameters}.items()}
        self.reports: dict[str, Any] = {}

    def run(self) -> list[str]:
        """Names of the steps that ran, in order; of a condition those of the branch that it takes follow."""
        return self._steps(self.definition["Steps"])

    def _steps(self, steps: list[dict[str, Any]]) -> list[str]:
        names = []
        for step in steps:
            names.append(step["Name"])
            match step["Type"]:
                case "Processing":
                    self._process(step)
                case "Training":
                    self._train(step)
                case "Condition":
                    branch = "IfSteps" if self._holds(step["Arguments"]["Conditions"]) else "ElseSteps"
                    names += self._steps(step["Arguments"][branch])
                case "RegisterModel":
                    pass
                case other:
                    raise AssertionError(f"{step['Name']}: no job for {other}")
        return names

    def place(self, address: str) -> Path:
        """The file or folder that stands for an S3 address."""
        return self.folder / "s3" / address.removeprefix("s3://")

    def value(self, given: Any) -> Any:
        return self.values[given["Get"]] if isinstance(given, dict) else given

    def _process(self, step: dict[str, Any]) -> None:
        given, disk = step["Arguments"], self.folder / step["Name"]
        for one in given["ProcessingInputs"]:
            address, target = self.value(one["S3Input"]["S3Uri"]), disk / self._below(one["S3Input"]["LocalPath"])
            target.mkdir(parents=True, exist_ok=True)
            source = self.scripts / Path(address).name if one["InputName"] == "code" else self.place(address)
            for file in [source] if source.is_file() else source.iterdir():
                shutil.copy(file, target)
        _, script = given["AppSpecification"]["ContainerEntrypoint"]
        subprocess.run([sys.executable, str(disk / self._below(script)), "--base", str(disk)], check=True)
        for one in given["ProcessingOutputConfig"]["Outputs"]:
            name, output = one["OutputName"], one["S3Output"]
            shutil.copytree(disk / self._below(output["LocalPath"]), self.place(output["S3Uri"]))
            key = f"Steps.{step['Name']}.ProcessingOutputConfig.Outputs['{name}'].S3Output.S3Uri"
            self.values[key] = output["S3Uri"]
            for file in step.get("PropertyFiles", []):
                if file["OutputName"] == name:
                    report = json.loads((self.place(output["S3Uri"]) / file["FilePath"]).read_text())
                    self.reports[f"Steps.{step['Name']}.PropertyFiles.{file['PropertyFileName']}"] = report

    def _below(self, path: str) -> Path:
        return Path(path).relative_to(PROCESSING)

    def _train(self, step: dict[str, Any]) -> None:
        given, disk = step["Arguments"], self.folder / step["Name"]
        disk.mkdir()
        channels = {
            one["ChannelName"]: matrix(self.place(self.value(one["DataSource"]["S3DataSource"]["S3Uri"])))
            for one in given["InputDataConfig"]
        }
        parameters = dict(given["HyperParameters"])
        rounds = int(parameters.pop("num_round"))
        trained = xgboost.train(
            parameters, channels["train"], rounds, evals=[(channels["validation"], "validation")], verbose_eval=False
        )
        trained.save_model(disk / "xgboost-model.ubj")
        address = f"{given['OutputDataConfig']['S3OutputPath']}/job/output/model.tar.gz"
        self.place(address).parent.mkdir(parents=True)
        with tarfile.open(self.place(address), "w:gz") as archive:
            archive.add(disk / "xgboost-model.ubj", "xgboost-model")
        self.values[f"Steps.{step['Name']}.ModelArtifacts.S3ModelArtifacts"] = address

    def _holds(self, conditions: list[dict[str, Any]]) -> bool:
        assert {one["Type"] for one in conditions} == {"LessThanOrEqualTo"}
        return all(self._measured(one["LeftValue"]["Std:JsonGet"]) <= one["RightValue"] for one in conditions)

    def _measured(self, read: dict[str, Any]) -> float:
        found = self.reports[read["PropertyFile"]["Get"]]
        for name in read["Path"].split("."):
            found = found[name]
        return float(found)


def matrix(folder: Path) -> xgboost.DMatrix:
    rows = numpy.vstack([numpy.loadtxt(file, delimiter=",", ndmin=2) for file in sorted(folder.glob("*.csv"))])
    return xgboost.DMatrix(rows[:, 1:], rows[:, 0])
