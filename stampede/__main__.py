"""The `stampede` command: everything is imported inside, so that Ctrl-C is quiet from the first moment on."""

import sys

if __name__ == "__main__" and not sys.flags.safe_path:
    del sys.path[0]  # with `python -m` it is the working directory, where anybody may have put a `signal.py`

import io
import os
import signal
from types import FrameType


def main() -> None:
    """Run the command line; the exit codes are those of `stampede.core.errors`."""
    try:
        signal.signal(signal.SIGTERM, _interrupt)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup
            signal.signal(signal.SIGHUP, _interrupt)
        os.environ["PYTHONSAFEPATH"] = "1"  # nor do those that we start look there
        _need_output()
        from stampede.cli.app import run_app

        code = run_app()
    except KeyboardInterrupt:
        code = 130
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # tidying up takes no time, and is not to be interrupted
    sys.exit(code)


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


def _interrupt(number: int, frame: FrameType | None) -> None:
    """To be terminated, or to lose the terminal, is to be interrupted, from the first moment on."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
