"""The console that results are printed on."""

from __future__ import annotations

import os
import sys

from rich.console import Console


class ResultConsole(Console):
    """Standard output, whose reader may have had enough: `stampede run | head -1` is no failure."""

    def __init__(self) -> None:
        super().__init__(highlight=False, emoji=False)

    def on_broken_pipe(self) -> None:
        """Go on, into nothing."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
