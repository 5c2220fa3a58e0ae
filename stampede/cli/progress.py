"""A live line between bursts; nothing is redrawn during one, and nothing is printed without a terminal."""

from __future__ import annotations

from types import TracebackType

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from stampede.cli.console import PlainConsole
from stampede.cli.options import Output
from stampede.measure.trial import Trial


def tell(line: str, output: Output) -> None:
    """Say something before the run to whoever watches the terminal."""
    console = PlainConsole(stderr=True, highlight=False)
    if console.is_terminal and not output.quiet:
        console.print(line, markup=False)


class LiveProgress:
    """On standard error, so that standard output is the result alone."""

    def __init__(self, trials: int | None, quiet: bool = False) -> None:
        console = PlainConsole(stderr=True, highlight=False)
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            console=console,
            transient=True,
            auto_refresh=False,
            disable=quiet or not console.is_terminal,
        )
        self._task = self._progress.add_task("", total=trials)

    def __enter__(self) -> LiveProgress:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def begins(self, what: str) -> None:
        """Show what begins."""
        self._progress.update(self._task, description=what, refresh=True)

    def expects(self, trials: int) -> None:
        """Know how many there will be."""
        self._progress.update(self._task, total=trials)

    def ends(self, trial: Trial) -> None:
        """Count a trial."""
        self._progress.update(self._task, advance=1)
