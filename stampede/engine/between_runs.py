"""Identical runs, one after another, each a program of its own with servers and instances of its own.

Only a whole program starts as a user's run does: instances that are forked from one server share its layout of memory
and its seed of hashes, and these are some of what makes runs differ.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator

import msgspec

from stampede.core.errors import EnvironmentFault, UsageError
from stampede.engine.bench import Servers
from stampede.engine.interrupts import until_interrupted
from stampede.engine.run import FLOOR_STRATEGY, Session, new_run
from stampede.engine.seeds import trial_seed
from stampede.measure.between_runs import MEASURED, Spread
from stampede.measure.calibration import Calibration
from stampede.measure.run import Run
from stampede.processes.children import environment as needed_environment
from stampede.processes.lifeline import die_with_parent
from stampede.reports.read import parse
from stampede.scenario import reading
from stampede.scenario.model import FleetSetup, Scenario


def scenario(instances: int, trials: int) -> Scenario:
    """What each run measures: a cold burst, protected, because without protection the database's queue is all."""
    base = reading.load("cold-burst")
    strategies = tuple(each for each in base.strategies if each != FLOOR_STRATEGY)
    return msgspec.structs.replace(base, strategies=strategies, trials=trials, fleet=FleetSetup(instances))


async def between_runs(count: int, repeated: Scenario, session: Session) -> Calibration:
    """Repeat a run `count` times; its spread is that of the runs that had ended.

    Raises:
        EnvironmentFault: a run could not be had.
    """
    result = Calibration(new_run(repeated, session.seed))
    runs: list[Run] = []
    result.run.interrupted = await until_interrupted(lambda: _repeat(count, repeated, session, runs))
    for number, run in enumerate(runs):
        result.run.environment = run.environment
        before = number * (repeated.trials or 1)  # each trial has a number of its own
        result.run.trials += [msgspec.structs.replace(each, trial=before + each.trial) for each in run.trials]
    result.between = [spread for metric in MEASURED if (spread := Spread.of(metric, runs)) is not None]
    return result


async def _repeat(count: int, repeated: Scenario, session: Session, runs: list[Run]) -> None:
    for number in range(1, count + 1):
        session.begins(f"run {number} of {count}")
        words = [*_words(repeated, session.servers), "--seed", str(trial_seed(session.seed, number))]
        runs.append(await _run_apart(words, session.servers.redis or ""))
        for trial in runs[-1].trials:
            session.progress.ends(trial)


def _words(repeated: Scenario, servers: Servers) -> Iterator[str]:
    yield from ("run", repeated.name, "--json", "--quiet", "--trials", str(repeated.trials))
    yield from ("--instances", str(repeated.fleet.instances))
    for strategy in repeated.strategies:
        yield from ("--strategy", str(strategy))
    if servers.redis_server:
        yield from ("--redis-server", servers.redis_server)
    if servers.may_evict:
        yield "--may-evict"


async def _run_apart(words: list[str], redis: str) -> Run:
    """What `stampede` with these words prints. However this is left, the program has ended."""
    # Everybody on the machine can read the words, and a URL may have a password.
    environment = {**needed_environment(), "STAMPEDE_REDIS_URL": redis}
    pipe = asyncio.subprocess.PIPE
    nothing = asyncio.subprocess.DEVNULL
    program = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "stampede",
        *words,
        env=environment,
        stdin=nothing,
        stdout=pipe,
        stderr=pipe,
        preexec_fn=die_with_parent,
    )
    try:
        document, complaint = await program.communicate()
    except asyncio.CancelledError:
        if program.returncode is None:
            program.terminate()
        await program.communicate()
        raise
    try:
        return parse(document, "a repeated run")
    except UsageError:
        said = complaint.decode(errors="replace").strip().removeprefix("stampede: ")
        raise EnvironmentFault(said or f"a repeated run ended with {program.returncode} and said nothing") from None
