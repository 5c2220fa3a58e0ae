"""`stampede init`: a commented scenario to start from."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Annotated

import typer

from stampede.cli.panels import examples
from stampede.core.errors import OK, ExportFailed, UsageError
from stampede.core.text import visible

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
        raise UsageError(
            f"cannot write '{file}': scenarios are files that end in .toml: name it '{_path(file)}.toml'"
        )
    try:
        with file.open("w" if force else "x") as written:
            written.write(text)
    except FileExistsError:
        raise UsageError(f"'{file}' exists: name another file, or replace it with --force") from None
    except OSError as error:
        raise ExportFailed(f"cannot write '{file}': {error.strerror}") from None
    typer.echo(f"wrote {visible(str(file))}: change it, and then: stampede run {_as_word(file)}")
    return OK


def _as_word(file: Path) -> str:
    """The file as one writes it in a shell: one word, with an escape for what a terminal would obey."""
    name = _path(file)
    if visible(name) == name:
        return shlex.quote(name)
    return "$'" + "".join(chr(b) if chr(b).isalnum() and b < 128 else f"\\x{b:02x}" for b in os.fsencode(name)) + "'"


def _path(file: Path) -> str:
    """The file as a word that is no option."""
    return f"./{file}" if str(file).startswith("-") else str(file)
