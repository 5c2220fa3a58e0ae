"""The Typer application. Commands import what they need when they run: `--help` stays quick."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Annotated

import typer

from stampede.core.errors import ENVIRONMENT, INTERRUPTED, StampedeError
from stampede.core.text import visible, visible_lines

COMMANDS = ("run", "compare", "diff", "report", "list", "explain", "calibrate", "clean")
"""Each is the function `command` of the file of its name here."""

app = typer.Typer(
    name="stampede",
    help="Will my cache stampede, and which protection should I use?",
    invoke_without_command=True,
    add_completion=True,
    rich_markup_mode=None,  # rich help costs more than the command itself
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with: stampede run --concurrency 500",
)
for _name in COMMANDS:
    _module = importlib.import_module(f"stampede.cli.{_name}")
    app.command(_name)(_module.command)


def _version(wanted: bool) -> None:
    if wanted:
        from stampede.engine.environment import own_version

        typer.echo(f"stampede {own_version()}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Will my cache stampede, and which protection should I use?"""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def _without_passwords(message: str) -> str:
    """The message, which may repeat a URL that stands in a wrong place of the command line, without its password."""
    from stampede.core.urls import without_password

    for word in sys.argv:
        if "://" in word and "@" in word:
            message = message.replace(word, without_password(word))
    return message


def run_app() -> int:
    """Run the command line and return its exit code; an error is one line on standard error."""
    debug = "--debug" in sys.argv
    if debug:
        sys.argv.remove("--debug")
    try:
        result = app(prog_name="stampede", standalone_mode=False)
        sys.stdout.flush()
    except StampedeError as error:
        if debug:
            return _show_traceback(error.exit_code)
        return _complain(str(error), error.exit_code)
    except typer.Exit as done:
        return done.exit_code
    except typer.Abort:
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if debug:
            return _show_traceback(getattr(error, "exit_code", ENVIRONMENT))
        if hasattr(error, "format_message") and hasattr(error, "exit_code"):  # a usage error of the parser
            where = getattr(getattr(error, "ctx", None), "command_path", "stampede")
            return _complain(f"{error.format_message().rstrip('.')} (see {where} --help)", int(error.exit_code))
        return _complain(f"unexpected {type(error).__name__}: {error} (--debug shows where)", ENVIRONMENT)
    return result if isinstance(result, int) else 0


def _show_traceback(code: int) -> int:
    import traceback

    print(visible_lines(traceback.format_exc()), end="", file=sys.stderr)
    return code


def _complain(message: str, code: int) -> int:
    print(f"stampede: {visible(' '.join(_without_passwords(message).split()))}", file=sys.stderr)
    return code
