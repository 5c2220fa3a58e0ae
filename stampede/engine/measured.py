"""What a run has measured until now, and what it could not measure."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import msgspec

from stampede.core.errors import (
    DatabaseUnavailable,
    EnvironmentFault,
    RedisUnavailable,
    StampedeError,
    StrategyFailed,
    unexpected,
)
from stampede.engine.bench import Bench
from stampede.measure.requests import Requests
from stampede.measure.run import Run
from stampede.measure.trial import Trial

Executed = tuple[Trial, Requests]


@dataclass
class Measured:
    """A run, every request of its trials if they are to be kept, and what stopped it, if something did.

    `ended_by` says why a comparison had enough of them; it is empty if it never had.
    """

    run: Run
    keep_requests: bool = False
    requests: list[tuple[Trial, Requests]] = field(default_factory=list)
    fault: EnvironmentFault | None = None
    ended_by: str = ""

    def add(self, trial: Trial, requests: Requests) -> None:
        """Add a trial; if not even the floor could be measured here, neither could the trial."""
        floor = self.run.floor
        if floor is not None and not floor.valid:
            reasons = [*trial.reasons, *(f"the harness's floor: {reason}" for reason in floor.reasons)]
            trial = msgspec.structs.replace(trial, valid=False, reasons=reasons)
        self.run.trials.append(trial)
        if self.keep_requests:
            self.requests.append((trial, requests))

    async def attempt(self, bench: Bench, label: str, trial: Callable[[], Awaitable[Executed]]) -> Executed | None:
        """A trial; None once its strategy could not be measured, which is noted, and is no matter of the others.

        Raises:
            RedisUnavailable, DatabaseUnavailable: a server is gone, for everybody.
        """
        if label in self.run.unmeasured:
            return None
        try:
            return await trial()
        except (RedisUnavailable, DatabaseUnavailable):
            raise
        except StampedeError as error:
            bench.require_servers()
            await bench.store.probe()
            self.run.unmeasured[label] = str(error)
            return None

    def stopped(self, error: Exception) -> None:
        """Note what ended it: the trials until then are worth as much as ever."""
        if isinstance(error, EnvironmentFault):
            self.fault = error
        else:
            self.fault = EnvironmentFault(unexpected(error))
            self.fault.__cause__ = error
        self.run.stopped_by = str(self.fault)

    def require_trials(self) -> None:
        """Raises StrategyFailed: no strategy at all could be measured."""
        if self.run.unmeasured and not self.run.trials:
            raise StrategyFailed(self.failures)

    @property
    def failures(self) -> str:
        """Which strategies could not be measured, and why, in one line."""
        return "; ".join(f"{label} could not be measured: {why}" for label, why in self.run.unmeasured.items())
