"""Raw records of requests: columns, so that a request costs bytes and not objects."""

from __future__ import annotations

from array import array

import msgspec

from stampede.core.model import Outcome, Role
from stampede.measure.kinds import Kinds

UNFINISHED = -1.0


class Recorder:
    """An instance's records; a request is a row, known by its number. Times are seconds on the run's clock."""

    def __init__(self) -> None:
        self.key = array("i")
        self.intended = array("d")
        self.started = array("d")
        self.ended = array("d")
        self.outcome = array("b")
        self.role = array("b")
        self.version = array("i")
        self.errors = Kinds()
        self.retries = 0
        self.store_failures = 0

    def __len__(self) -> int:
        return len(self.key)

    def intend(self, key: int, at: float) -> int:
        """A request that is meant to start at `at`; returns its row."""
        self.key.append(key)
        self.intended.append(at)
        self.started.append(UNFINISHED)
        self.ended.append(UNFINISHED)
        self.outcome.append(Outcome.TIMEOUT)
        self.role.append(Role.ERROR)
        self.version.append(0)
        return len(self.key) - 1

    def answered(self, row: int, at: float, role: Role, version: int) -> None:
        """The request got a value."""
        self.ended[row] = at
        self.outcome[row] = Outcome.OK
        self.role[row] = role
        self.version[row] = version

    def failed(self, row: int, at: float, error: str) -> None:
        """The request got an error."""
        self.ended[row] = at
        self.outcome[row] = Outcome.ERROR
        self.errors.add(error)

    def gave_up(self, row: int, at: float) -> None:
        """The caller's patience is over."""
        self.ended[row] = at
        self.outcome[row] = Outcome.TIMEOUT

    def columns(self) -> Columns:
        """Everything, for the way to the run."""
        return Columns(
            **{name: value.tobytes() for name, value in vars(self).items() if isinstance(value, array)},
            errors=self.errors.counts,
            retries=self.retries,
            store_failures=self.store_failures,
        )


class Columns(msgspec.Struct):
    """A recorder's columns as native bytes; times are float64, keys and versions int32, the rest int8."""

    key: bytes
    intended: bytes
    started: bytes
    ended: bytes
    outcome: bytes
    role: bytes
    version: bytes
    errors: dict[str, int]
    retries: int
    store_failures: int = 0
