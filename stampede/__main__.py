"""The `stampede` command: everything is imported inside, so that Ctrl-C is quiet from the first moment on."""

import sys

if __name__ == "__main__" and not sys.flags.safe_path:
    del sys.path[0]  # with `python -m` it is the working directory, where anybody may have put a `signal.py`

import io
import os

from stampede.core import interrupted


def main() -> None:
    """Run the command line; the exit codes are those of `stampede.core.errors`."""
    try:
        try:
            interrupted.listen()
            _keep_children_out_of_the_working_directory()
            _need_output()
            from stampede.cli.app import run_app

            code = run_app()
        finally:
            interrupted.ignore()
    except KeyboardInterrupt:
        code = 130
    interrupted.ignore()  # again, for the other may have been interrupted
    sys.exit(130 if interrupted.seen() else code)


def _keep_children_out_of_the_working_directory() -> None:
    """Have no Python that we start look there for modules; multiprocessing hands on our environment, or our flags."""
    if sys.flags.ignore_environment and not sys.flags.safe_path:
        os.execv(sys.executable, [sys.executable, "-P", *sys.orig_argv[1:]])
    os.environ["PYTHONSAFEPATH"] = "1"


def _need_output() -> None:
    """Have standard streams even where they were closed, and a `×` not fail where there is only ASCII."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
    sys.stdout = sys.stdout or os.fdopen(1, "w")
    sys.stderr = sys.stderr or os.fdopen(2, "w")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


if __name__ == "__main__":
    main()
