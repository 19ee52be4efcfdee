"""`mlz settings`: what the settings are, and what they may be."""

from __future__ import annotations

import click

from mlz.options import Run, Verbs, verb


@click.group(cls=Verbs, help="Show settings, or the JSON Schema of mlz.yaml.")
def command() -> None:
    pass


@verb("Print the JSON Schema of mlz.yaml, for editors.")
def schema(run: Run) -> None:
    from mlz.config.settings import schema as settings_schema
    from mlz.terminal.output import json_text

    run.console.data(json_text(settings_schema()))
    run.console.next("mlz settings schema > mlz.schema.json; editors follow the first line of mlz.example.yaml")


@verb("Print the settings in force: file, environment variables and flags together.", "Print the settings in force.")
def show(run: Run) -> None:
    import msgspec

    from mlz.terminal.output import yaml_text

    settings = run.settings()
    values = {name: getattr(settings, name) for name in settings.__struct_fields__}
    document = {name: _complete(value) for name, value in values.items()}
    run.console.data(msgspec.json.encode(document).decode() if run.output == "json" else yaml_text(document))
    run.console.next("mlz generate, then mlz package")


def _complete(value: object) -> object:
    import msgspec

    if isinstance(value, msgspec.Struct):
        return {name: _complete(getattr(value, name)) for name in value.__struct_fields__}
    return list(value) if isinstance(value, tuple) else value


command.add_command(schema)
command.add_command(show)
