"""Options that several commands share, in groups."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stampede.cli import completion
from stampede.cli.panels import WHAT, of_firing, of_gates, of_output, of_servers, of_target
from stampede.core.errors import UsageError
from stampede.core.units import Duration

if TYPE_CHECKING:
    from stampede.engine import bench


def duration(text: str) -> Duration:
    """A duration option's value. Raises typer.BadParameter, to which the parser adds the option's name."""
    try:
        return Duration.parse(text)
    except UsageError as error:
        raise typer.BadParameter(str(error)) from None


DEFAULT_SCENARIO = "cold-burst"
SCENARIO_HELP = "A shipped scenario's name, or a .toml file."

ScenarioName = Annotated[
    str, typer.Argument(help=SCENARIO_HELP, autocompletion=completion.scenarios, rich_help_panel=WHAT)
]
ScenarioOption = Annotated[
    str,
    of_firing(metavar="SCENARIO", help=SCENARIO_HELP, autocompletion=completion.scenarios),
]
Strategies = Annotated[
    list[str] | None,
    of_firing(
        "-s",
        "--strategy",
        metavar="SPEC",
        help="Measure this strategy (repeatable).",
        autocompletion=completion.specs,
    ),
]
Instances = Annotated[
    int | None,
    of_firing("-i", "--instances", metavar="N", min=1, help="Application processes."),
]
Trials = Annotated[
    int | None,
    of_firing(
        "-n",
        "--trials",
        metavar="N",
        min=1,
        help="Trials of each strategy.",
        show_default="the scenario's, or as many as fit into 10 s by what the first of each took, 3 at least",
    ),
]
Exports = Annotated[
    list[Path] | None,
    of_output(
        "-e",
        "--export",
        metavar="FILE",
        help="Write the run as .csv, .json, .md or .html (repeatable), .json and .csv after every round; - or -.csv "
        "prints it instead of the table.",
    ),
]
Requests = Annotated[
    Path | None,
    of_output("--requests", metavar="FILE", help="Write every request as .csv or .jsonl."),
]
Plot = Annotated[
    bool,
    of_output("--plot", help="Draw the database's load and the latencies, too."),
]
Details = Annotated[
    bool,
    of_output("--details", help="Show intervals, costs and the latency by role, too."),
]
Json = Annotated[bool, of_output("--json", help="Print the run as JSON instead of the table.")]
Quiet = Annotated[bool, of_output("-q", "--quiet", help="Print nothing but errors.")]
FailIf = Annotated[
    list[str] | None,
    of_gates("--fail-if", metavar="EXPR", help="Exit with 1 if this holds, as 'two-level.db_hits > 1' (repeatable)."),
]
Sweep = Annotated[
    list[str] | None,
    of_firing(
        "--sweep",
        metavar="NAME=VALUE,VALUE…",
        help="Measure at each of these values of an option that changes the scenario, as db-latency=20ms,100ms "
        "(repeatable: all combinations).",
    ),
]
Seed = Annotated[
    int | None,
    of_firing(
        metavar="N", min=0, max=2**63 - 1, help="Seed of all randomness; it is printed.", show_default="random"
    ),
]
DB_LATENCY = of_target(metavar="LATENCY", help="Time of one load: 100ms, or lognormal(median=100ms,sigma=0.5).")
DB_CONNECTIONS = of_target(metavar="N", min=1, help="Loads that the database works on at once.")
TTL = of_target(parser=duration, metavar="DURATION", help="How long values live.")
"""Where a scenario says it, too, there is no default."""

Redis = Annotated[
    str | None,
    of_servers("--redis", metavar="URL", envvar="STAMPEDE_REDIS_URL", help="Your Redis instead of the embedded one."),
]
MayEvict = Annotated[
    bool,
    of_servers("--may-evict", help="Measure also where your Redis would evict its own keys for it."),
]
RedisServer = Annotated[
    str | None,
    of_servers(
        metavar="PATH", help="Embed this server binary.", show_default="the Valkey that is installed with stampede"
    ),
]


def require_one_redis(redis: str | None, redis_server: str | None) -> None:
    """Raises UsageError: both a server to start and a running one are named."""
    if redis_server and redis:
        raise UsageError("--redis-server starts a server and --redis names a running one: give one of them")


def seed_or_random(seed: int | None) -> int:
    """The seed to use and to print."""
    import secrets

    return secrets.randbelow(1_000_000) if seed is None else seed


@dataclass(frozen=True)
class Servers:
    """What is measured against."""

    redis: Redis = None
    may_evict: MayEvict = False
    redis_server: RedisServer = None
    database: Annotated[
        str | None,
        of_servers(
            metavar="URL",
            help="Your database (SQLite or PostgreSQL, an SQLAlchemy async URL) instead of the fake-slow one; "
            "with --query, STAMPEDE_DATABASE_URL stands for it.",
        ),
    ] = None
    database_password_file: Annotated[
        Path | None,
        of_servers(metavar="FILE", help="Has the database's password; STAMPEDE_DATABASE_PASSWORD has it, too."),
    ] = None
    query: Annotated[
        str | None,
        of_servers(metavar="SQL", help="What --database runs for a load; :key is the key's number, from 0."),
    ] = None
    keys_from: Annotated[
        str | None,
        of_servers(metavar="SQL", help="A query whose first column has the values of :key, in place of numbers."),
    ] = None

    def chosen(self) -> bench.Servers:
        """The servers that the options name. Raises UsageError where they contradict each other."""
        from stampede.cli.database_url import database_url
        from stampede.engine import bench
        from stampede.origins.connect import require_packages
        from stampede.origins.query import Query

        require_one_redis(self.redis, self.redis_server)
        database = database_url(self.database, self.database_password_file, queried=self.query is not None)
        if (database is None) != (self.query is None):
            raise UsageError("--database and --query go together: the query is what one load runs")
        if self.keys_from is not None and self.query is None:
            raise UsageError("--keys-from gives the values of :key in --query: give --database and --query, too")
        if database is not None:
            require_packages(database)
        query = None if self.query is None else Query(self.query, self.keys_from)
        return bench.Servers(self.redis or None, self.redis_server, database, query, self.may_evict)


@dataclass(frozen=True)
class Output:
    """Where the results go."""

    export: Exports = None
    requests: Requests = None
    fail_if: FailIf = None
    details: Details = False
    json: Json = False
    quiet: Quiet = False
