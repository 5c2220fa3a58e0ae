"""The requests of a saved run, read back trial by trial: millions of them need the memory of one trial."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import Any, TextIO

import msgspec
import numpy as np
from numpy.typing import NDArray

from stampede.core.errors import UsageError
from stampede.core.files import open_now
from stampede.core.model import Outcome, Role
from stampede.core.text import visible
from stampede.measure.details import replot
from stampede.measure.requests import TYPES, Requests
from stampede.measure.run import Run
from stampede.reports.requests import COLUMNS
from stampede.reports.spreadsheet import unquoted

BLOCK = 4_000_000
"""Characters that are read at once."""

_CODES: dict[str, Mapping[str, int]] = {
    "outcome": {outcome.name.lower(): outcome.value for outcome in Outcome},
    "role": {role.name.lower(): role.value for role in Role},
}
_KINDS = {"instance": np.int32, **TYPES}
"""The columns behind the label, in the order of the file, and of `Requests`."""

_TEXT = "U12"
"""Longer than any outcome or role, so that none is cut to a known one."""

Label = tuple[str, str, int]
"""Scenario, strategy and trial number."""

Block = tuple[Label, dict[str, NDArray[Any]]]
"""Columns of consecutive requests of one trial."""


class _Line(msgspec.Struct, gc=False):
    """A line of the `.jsonl` file."""

    scenario: str
    strategy: str
    trial: int
    instance: int
    key: int
    intended_s: float | None
    started_s: float | None
    ended_s: float | None
    outcome: str
    role: str
    version: int


def refold(run: Run, path: Path) -> Run:
    """The run, with what its plots show folded again from every request: also for a run that had saved none of it.

    Raises:
        UsageError: the file cannot be read, or holds other requests than those of the run.
    """
    if any(trial.swept for trial in run.trials):
        raise UsageError(
            f"the requests in '{path}' do not say which point of the sweep they are of: leave --requests out"
        )
    places = {(trial.scenario, trial.strategy, trial.trial): place for place, trial in enumerate(run.trials)}
    trials, missing = list(run.trials), set(places)
    for label, requests in read_requests(path):
        if label not in missing:
            raise UsageError(
                f"'{path}' is not of this run: it has no trial {label[2]} of {label[1]}, or has it twice"
            )
        trial = trials[places[label]]
        if (len(requests), requests.count(Outcome.OK)) != (trial.requests, trial.ok):
            raise UsageError(
                f"'{path}' is not of this run, or not whole: trial {label[2]} of {label[1]} has {len(requests):,} "
                f"requests in it and {trial.requests:,} in the run"
            )
        trials[places[label]] = replot(trial, requests)
        missing.discard(label)
    if missing:
        raise UsageError(f"'{path}' is not of this run, or not whole: {len(missing)} trials are missing")
    return msgspec.structs.replace(run, trials=trials)


def read_requests(path: Path) -> Iterator[tuple[Label, Requests]]:
    """Every trial of a file that `--requests` wrote (`.csv` or `.jsonl`), one after the other.

    Raises:
        UsageError: the ending is unknown, or the file cannot be read or is something else.
    """
    blocks = _BLOCKS.get(path.suffix.lower())
    if blocks is None:
        raise UsageError(f"cannot read '{path}': the ending says the format, one of {' '.join(_BLOCKS)}")
    try:
        with open(open_now(path), encoding="utf-8", newline="") as file:
            for label, parts in groupby(blocks(file), key=itemgetter(0)):
                yield label, _join([columns for _, columns in parts])
    except OSError as error:
        raise UsageError(f"cannot read '{path}': {error.strerror}: name a file that --requests wrote") from None
    except (ValueError, OverflowError, RecursionError, csv.Error, msgspec.MsgspecError) as error:
        raise UsageError(f"'{path}' is not what --requests writes, or is cut short ({error})") from None


def _csv_blocks(file: TextIO) -> Iterator[Block]:
    """NumPy's own reader is several times as quick as one object per cell, but takes one trial's lines at a time."""
    if file.readline() != ",".join(COLUMNS) + "\n":
        raise ValueError(f"the first line must be {','.join(COLUMNS)}")
    kinds = [(name, _TEXT if name in _CODES else kind) for name, kind in _KINDS.items()]
    behind = range(len(COLUMNS) - len(kinds), len(COLUMNS))
    while lines := file.readlines(BLOCK):
        while lines:
            label, prefix = _label(lines[0])
            end = next((n for n, line in enumerate(lines) if n and not line.startswith(prefix)), len(lines))
            filled = [line.replace(",,", ",nan,").replace(",,", ",nan,") for line in lines[:end]]
            table = np.loadtxt(filled, kinds, comments=None, delimiter=",", quotechar='"', usecols=behind, ndmin=1)
            yield label, {name: table[name] for name in _KINDS}
            lines = lines[end:]


def _label(line: str) -> tuple[Label, str]:
    """The label of a line, and how all lines with this label begin."""
    scenario, strategy, trial = next(csv.reader([line]), [])[:3]
    prefix = io.StringIO()
    csv.writer(prefix, lineterminator="\n").writerow((scenario, strategy, trial))
    begins = prefix.getvalue().removesuffix("\n") + ","
    return (visible(unquoted(scenario)), visible(unquoted(strategy)), int(trial)), begins


def _json_blocks(file: TextIO) -> Iterator[Block]:
    decoder = msgspec.json.Decoder(_Line)
    while lines := file.readlines(BLOCK):
        rows = decoder.decode_lines("".join(lines))
        for (scenario, strategy, trial), group in groupby(rows, key=attrgetter("scenario", "strategy", "trial")):
            label, same = (visible(scenario), visible(strategy), trial), list(group)
            yield label, {name: _column(same, written) for name, written in zip(_KINDS, COLUMNS[3:], strict=True)}


def _column(rows: Sequence[_Line], name: str) -> NDArray[Any]:
    """One field of all rows; a time that never came is None in the file and NaN here."""
    return np.array([getattr(row, name) for row in rows], None if name in _CODES else _KINDS[name.removesuffix("_s")])


_BLOCKS: dict[str, Callable[[TextIO], Iterator[Block]]] = {".csv": _csv_blocks, ".jsonl": _json_blocks}


def _join(parts: Sequence[Mapping[str, NDArray[Any]]]) -> Requests:
    columns = {name: np.concatenate([part[name] for part in parts]) for name in _KINDS}
    coded = {name: _coded(columns[name], codes) for name, codes in _CODES.items()}
    return Requests(**(columns | coded))


def _coded(texts: NDArray[np.str_], codes: Mapping[str, int]) -> NDArray[np.int8]:
    """Names as their numbers. Raises ValueError on an unknown one."""
    numbers = np.full(len(texts), -1, np.int8)
    for name, number in codes.items():
        numbers[texts == name] = number
    if (numbers < 0).any():
        raise ValueError(f"'{texts[numbers < 0][0]}' is none of {', '.join(codes)}")
    return numbers
