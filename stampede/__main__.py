"""The `stampede` command: everything is imported inside, so that Ctrl-C is quiet from the first moment on."""

import signal
import sys
from types import FrameType


def main() -> None:
    """Run the command line; the exit codes are those of `stampede.core.errors`."""
    try:
        signal.signal(signal.SIGTERM, _interrupt)
        from stampede.cli.app import run_app

        code = run_app()
    except KeyboardInterrupt:
        code = 130
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # tidying up takes no time, and is not to be interrupted
    sys.exit(code)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """To be terminated is to be interrupted, from the first moment on."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
