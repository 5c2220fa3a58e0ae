"""A saved run, read back: its records are the interface, so every report of today is one fold away."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import msgspec

from stampede.core import registry
from stampede.core.errors import UsageError
from stampede.core.files import read_now
from stampede.core.ranges import Count
from stampede.core.text import visible_in
from stampede.measure.run import SCHEMA, Run
from stampede.measure.summary import summarize
from stampede.measure.trial import Trial

# Where a document may have control characters in its strings, as they are or as escapes.
_CONTROLS = re.compile(rb"\\[bfnrtu]|\x7f|\xc2[\x80-\x9f]|\xd8\x9c|\xe2\x80[\x8e-\xae]|\xe2\x81[\xa6-\xa9]")

# What msgspec raises on bytes that are no JSON text, on other shapes, on nests too deep and numbers too large.
_FOREIGN = (msgspec.MsgspecError, ValueError, RecursionError, OverflowError)


class _Head(msgspec.Struct):
    """What every schema has in common."""

    schema: Count
    stampede: str


def read(path: Path) -> Run:
    """Read what `--export run.json` wrote, also of an older schema; the summary is folded anew from the trials.

    Raises:
        UsageError: the file cannot be read, or is not a run, or is of a newer schema, or has no trials.
    """
    try:
        return parse(read_now(path), str(path))
    except OSError as error:
        raise UsageError(f"cannot read '{path}': {error.strerror}: name a run saved with --export run.json") from None


def _shown(document: bytes) -> bytes:
    """A stranger's document with its control characters made visible: it adds no lines, and no terminal obeys it."""
    if not _CONTROLS.search(document):
        return document
    return msgspec.json.encode(visible_in(msgspec.json.decode(document)))


def _check_swept(trials: Sequence[Trial]) -> None:
    """A sweep sets the same parameters for every trial. Raises UsageError."""
    for number, trial in enumerate(trials):
        if trial.swept.keys() != trials[0].swept.keys():
            first, other = (", ".join(sorted(each.swept)) or "nothing" for each in (trials[0], trial))
            raise UsageError(f"trials[0] is of a sweep of {first}, trials[{number}] of {other}: export the run again")


def _of_schema_1(trial: Trial) -> Trial:
    failed = {"failed": trial.errors + trial.timeouts}
    return msgspec.structs.replace(trial, ok_p50_ms=trial.latency_p50_ms, ok_p99_ms=trial.latency_p99_ms, **failed)


def parse(document: bytes, where: str) -> Run:
    """The run of a document; `where` names it in errors. Raises UsageError as `read` does."""
    try:
        head = msgspec.json.decode(document, type=_Head)
        if head.schema > SCHEMA:
            raise UsageError(
                f"it has schema {head.schema} of stampede {head.stampede}, and this version reads up to {SCHEMA}: "
                "upgrade stampede-bench"
            )
        run = msgspec.json.decode(_shown(document), type=Run, dec_hook=registry.decode_saved)
        if head.schema == 1:
            run.trials = [_of_schema_1(trial) for trial in run.trials]
        _check_swept(run.trials)
        run.summary = summarize(run.trials)
    except UsageError as error:
        raise UsageError(f"cannot report '{where}': {error}") from None
    except _FOREIGN as error:
        raise UsageError(
            f"'{where}' is no run, or not a whole one ({error}): save one with stampede run --export run.json"
        ) from None
    if not run.trials:
        raise UsageError(f"'{where}' has no trials: it was interrupted before the first one ended, so run it again")
    return run
