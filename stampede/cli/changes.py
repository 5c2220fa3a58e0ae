"""What the command line changes in a scenario."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from stampede.cli.options import DB_CONNECTIONS, DB_LATENCY, TTL, Instances, duration
from stampede.cli.panels import of_firing, of_target
from stampede.core.units import Duration

if TYPE_CHECKING:
    from stampede.scenario.model import Scenario
    from stampede.scenario.sweep import Point


@dataclass(frozen=True)
class Changes:
    """What is changed in the scenario. The fields are the names of `stampede.scenario.overrides.PARAMETERS`."""

    concurrency: Annotated[
        int | None,
        of_firing("-c", "--concurrency", metavar="N", min=1, help="Requests at once, over all instances."),
    ] = None
    instances: Instances = None
    rate: Annotated[
        str | None,
        of_firing(
            metavar="N", help="Requests a second over all instances, in place of a burst or of callers that wait."
        ),
    ] = None
    duration: Annotated[
        Duration | None,
        of_firing(
            parser=duration,
            metavar="DURATION",
            help="How long requests arrive: with --rate 10s, if neither this nor the scenario says.",
        ),
    ] = None
    keys: Annotated[
        str | None,
        of_firing(metavar="LAW", help="Which keys are wanted: single, uniform(n=100), zipf(n=1000)."),
    ] = None
    timeout: Annotated[
        Duration | None,
        of_firing(parser=duration, metavar="DURATION", help="How long a caller waits for a value."),
    ] = None
    retries: Annotated[
        int | None,
        of_firing(metavar="N", min=0, help="How often a caller that gave up tries again."),
    ] = None
    db_latency: Annotated[str | None, DB_LATENCY] = None
    db_connections: Annotated[int | None, DB_CONNECTIONS] = None
    db_cancel: Annotated[
        bool | None,
        of_target(
            "--db-cancel/--no-db-cancel", help="Whether a client that gives up has the database drop its load."
        ),
    ] = None
    ttl: Annotated[Duration | None, TTL] = None
    redis_pool: Annotated[
        int | None,
        of_target(metavar="N", min=0, help="One of N pooled connections per command; 0: one pipeline per tick."),
    ] = None

    def scenario(
        self, name: str, strategies: Sequence[str], trials: int | None = None, *, copies: bool = False
    ) -> Scenario:
        """The named scenario, so changed; without `copies` each strategy once. Raises UsageError."""
        (point,) = self.points(name, strategies, trials, copies=copies)
        return point.scenario

    def points(
        self,
        name: str,
        strategies: Sequence[str],
        trials: int | None = None,
        sweep: Sequence[str] = (),
        *,
        copies: bool = False,
    ) -> list[Point]:
        """The same at every point of a sweep, whose values may be what the others need. Raises UsageError."""
        import msgspec

        from stampede.protection.strategy import Strategy
        from stampede.scenario import overrides, reading
        from stampede.scenario import sweep as sweeps

        chosen = [Strategy.parse(spec) for spec in strategies]
        chosen = chosen if copies else list(dict.fromkeys(chosen))
        written = {name.replace("_", "-"): str(value) for name, value in vars(self).items() if value is not None}
        values = {name: overrides.parse(name, f"--{name}", text) for name, text in written.items()}
        completed = overrides.COMPLETING & (values.keys() | sweeps.swept(sweep))
        scenario = reading.load(name, complete=not completed)
        if chosen:
            scenario = msgspec.structs.replace(scenario, strategies=tuple(chosen))
        if trials is not None:
            scenario = msgspec.structs.replace(scenario, trials=trials)
        return sweeps.points(scenario, sweep, values)
