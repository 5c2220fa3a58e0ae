"""All that is printed goes through here, and no control character of a stranger's comes through."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from stampede.core.text import json_escaped, without_controls


class PlainConsole(Console):
    """A console whose own control sequences reach the terminal, and nobody else's."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """What Rich makes of it, without the control characters of the text."""
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else without_controls(text), style, control)


class ResultConsole(PlainConsole):
    """Standard output, whose reader may have had enough: `stampede run | head -1` is no failure."""

    def __init__(self) -> None:
        super().__init__(highlight=False, emoji=False)

    def on_broken_pipe(self) -> None:
        """Go on, into nothing."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_document(document: bytes) -> None:
    """Write JSON, or a text, to standard output; what a terminal would obey is written as JSON's escape."""
    sys.stdout.buffer.write(json_escaped(document))
