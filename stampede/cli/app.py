"""The Typer application. Commands import what they need when they run: `--help` stays quick."""

from __future__ import annotations

import errno
import os
import sys
from typing import Annotated, TextIO

import typer

from stampede.cli.commands import SUMMARIES, Commands
from stampede.cli.panels import WIDTH
from stampede.core.errors import ENVIRONMENT, INTERRUPTED, StampedeError, unexpected

TOO_FEW_FILES = (errno.EMFILE, errno.ENFILE)
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
LONGEST, SHOWN = 1000, 40
"""Characters of a word in a message, and of both ends of one that is longer, as a number of thousands of digits."""

app = typer.Typer(
    name="stampede",
    cls=Commands,
    help="Will my cache stampede, and which protection should I use?",
    invoke_without_command=True,
    add_completion=True,
    rich_markup_mode=None,  # see panels
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": WIDTH},
    epilog="Start with: stampede run --concurrency 500",
)


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
        _give_up(sys.stdout)
        return 0
    except OSError as error:
        if debug:
            return _show_traceback(ENVIRONMENT)
        return _complain(_of_the_system(error), ENVIRONMENT)
    except Exception as error:
        if debug:
            return _show_traceback(getattr(error, "exit_code", ENVIRONMENT))
        if hasattr(error, "format_message") and hasattr(error, "exit_code"):  # a usage error of the parser
            where = getattr(getattr(error, "ctx", None), "command_path", None) or _called()
            return _complain(f"{error.format_message().rstrip('.')} (see {where} --help)", int(error.exit_code))
        return _complain(unexpected(error), ENVIRONMENT)
    return result if isinstance(result, int) else 0


def _called() -> str:
    """The command that was called, of which the parser says nothing where an option lacks its value."""
    return " ".join(["stampede", *[word for word in sys.argv[1:2] if word in SUMMARIES]])


def _show_traceback(code: int) -> int:
    import traceback

    from stampede.core.text import visible_lines

    print(visible_lines(traceback.format_exc()), end="", file=sys.stderr)
    return code


def _of_the_system(error: OSError) -> str:
    """What the system refused where nothing else was ready for it."""
    try:
        os.getcwd()
    except OSError:
        return "the working directory is gone: change into one that exists"
    if error.errno in TOO_FEW_FILES:
        return "no more files can be opened: raise the limit with 'ulimit -n'"
    if error.errno in FULL and error.filename is None:
        _give_up(sys.stdout)
        return f"cannot write the output: {error.strerror}: free some space, or send it elsewhere"
    return unexpected(error)


def _complain(message: str, code: int) -> int:
    from stampede.core.text import visible

    words = _without_passwords(message).split()
    shown = (word if len(word) <= LONGEST else f"{word[:SHOWN]}…{word[-SHOWN:]}" for word in words)
    try:
        print(f"stampede: {visible(' '.join(shown))}", file=sys.stderr, flush=True)
    except OSError:  # nobody can read it, and the code says enough
        _give_up(sys.stderr)
    return code


def _give_up(stream: TextIO) -> None:
    """Go on, into nothing: what is still to be written would fail once more at the very end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
