"""The requests of a saved run, read back trial by trial: millions of them need the memory of one trial."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby, islice
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import numpy as np

from stampede.core.errors import UsageError
from stampede.core.model import Outcome, Role
from stampede.measure.requests import TYPES, Requests
from stampede.measure.run import Run
from stampede.measure.trial import replot
from stampede.reports.requests import COLUMNS

CHUNK = 50_000
_BYTES = 8_000_000
_OUTCOMES = {outcome.name.lower(): outcome.value for outcome in Outcome}
_ROLES = {role.name.lower(): role.value for role in Role}
_NEVER = ("", None)

Label = tuple[str, str, int]
"""Scenario, strategy and trial number."""


class _Line(msgspec.Struct):
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
    rows = _READERS.get(path.suffix.lower())
    if rows is None:
        raise UsageError(f"cannot read '{path}': the ending says the format, one of {' '.join(_READERS)}")
    try:
        with path.open("rb") as file:
            for label, group in groupby(rows(file), key=itemgetter(0, 1, 2)):
                yield (str(label[0]), str(label[1]), int(label[2])), _requests(group)
    except OSError as error:
        raise UsageError(f"cannot read '{path}': {error.strerror}: name a file that --requests wrote") from None
    except (ValueError, KeyError, OverflowError, csv.Error, msgspec.MsgspecError, RecursionError) as error:
        raise UsageError(f"'{path}' is not what --requests writes, or is cut short ({error})") from None


def _csv_rows(file: BinaryIO) -> Iterator[Any]:
    rows = csv.reader(line.decode() for line in file)
    if tuple(next(rows, ())) != COLUMNS:
        raise ValueError(f"the first line must be {','.join(COLUMNS)}")
    return rows


def _json_rows(file: BinaryIO) -> Iterator[Any]:
    decoder, row = msgspec.json.Decoder(_Line), attrgetter(*COLUMNS)
    while lines := file.readlines(_BYTES):
        yield from map(row, decoder.decode_lines(b"".join(lines)))


_READERS: dict[str, Callable[[BinaryIO], Iterator[Any]]] = {".csv": _csv_rows, ".jsonl": _json_rows}


def _requests(rows: Iterator[Any]) -> Requests:
    """The columns of one trial, filled piece by piece."""
    pieces = []
    while chunk := list(islice(rows, CHUNK)):
        _, _, _, instance, key, *times, outcome, role, version = zip(*chunk, strict=True)
        pieces.append([instance, key, *times, [_OUTCOMES[o] for o in outcome], [_ROLES[r] for r in role], version])
        pieces[-1] = [_column(values, kind) for values, kind in zip(pieces[-1], _KINDS, strict=True)]
    return Requests(*(np.concatenate(column) for column in zip(*pieces, strict=True)))


_KINDS = (np.int32, *TYPES.values())


def _column(values: Iterable[Any], kind: Any) -> Any:
    if kind is np.float64:
        values = [math.nan if value in _NEVER else value for value in values]
    return np.array(values, dtype=kind)
