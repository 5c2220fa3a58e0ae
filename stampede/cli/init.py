"""`stampede init`: a commented scenario to start from."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from stampede.cli.panels import examples
from stampede.core.errors import OK, ExportFailed, UsageError

EXAMPLES = examples("stampede init my-scenario.toml", "stampede init -")


def command(
    file: Annotated[Path, typer.Argument(metavar="FILE.toml", help="Where to write it; - prints it.")] = Path(
        "scenario.toml"
    ),
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
) -> int:
    """Write a scenario to start from, with every default explained."""
    import stampede.scenario

    text = Path(stampede.scenario.__file__).with_name("template.toml").read_text()
    if str(file) == "-":
        typer.echo(text, nl=False)
        return OK
    if file.suffix != ".toml":
        raise UsageError(f"cannot write '{file}': scenarios are files that end in .toml: name it '{file}.toml'")
    try:
        with file.open("w" if force else "x") as written:
            written.write(text)
    except FileExistsError:
        raise UsageError(f"'{file}' exists: name another file, or replace it with --force") from None
    except OSError as error:
        raise ExportFailed(f"cannot write '{file}': {error.strerror}") from None
    typer.echo(f"wrote {file}: change it, and then: stampede run {shlex.quote(str(file))}")
    return OK
