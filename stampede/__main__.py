"""The `stampede` command: everything is imported inside, so that Ctrl-C is quiet from the first moment on."""

import sys


def main() -> None:
    """Run the command line; the exit codes are those of `stampede.core.errors`."""
    try:
        from stampede.cli.app import run_app

        code = run_app()
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    main()
