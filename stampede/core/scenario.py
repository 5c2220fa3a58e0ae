"""Scenario files: TOML that says what is fired at what. They are data; nothing in them is executed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import msgspec

from stampede.core import registry
from stampede.core.errors import UsageError
from stampede.core.fault import Fault
from stampede.core.latency import Latency
from stampede.core.metrics import METRICS
from stampede.core.ranges import Count
from stampede.core.spec import Call
from stampede.core.strategy import Strategy
from stampede.core.units import Duration
from stampede.core.workload import Arrivals, Keys

DEFAULT = "cold-burst"
MOST_REQUESTS = 20_000_000


class Workload(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What the callers do. `concurrency` counts callers over all instances; a rate needs none.

    `writes` a second change keys at the origin, picked like those of the requests; with `invalidate` the writer also
    has the cache forget them.
    """

    arrivals: str = "burst"
    concurrency: Count | None = None
    keys: str = "single"
    writes: Annotated[float, msgspec.Meta(ge=0, le=1_000_000)] = 0.0
    invalidate: bool = False


class Client(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How patient a caller is: it gives up after `timeout`, and tries `retries` times more, `backoff` apart."""

    timeout: Duration | None = None
    retries: Annotated[int, msgspec.Meta(ge=0)] = 0
    backoff: Duration = Duration(0.05)


class Event(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Something that happens `at` so long after the release: the call of a fault."""

    at: Duration
    do: str


class Expected(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A published or derived figure to print beside the measured one; `within` is a share of it."""

    strategy: str
    metric: str
    value: Annotated[float, msgspec.Meta(ge=0)]
    within: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    source: str = ""


class CacheSetup(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How the cache is set up: how long values live, and whether it starts with or without them."""

    ttl: Duration = Duration(10.0)
    start: Literal["cold", "warm"] = "cold"


class DatabaseSetup(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The model of the fake-slow database."""

    latency: Latency = Latency(Duration(0.1))
    connections: Count = 20


class Fleet(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The application processes."""

    instances: Count = 4


class Scenario(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One scenario. `name` and `description` come from the file's name and its first comment."""

    name: str
    description: str = ""
    strategies: tuple[str, ...] = ()
    trials: Count = 1
    workload: Workload = Workload(concurrency=500)
    cache: CacheSetup = CacheSetup()
    database: DatabaseSetup = DatabaseSetup()
    fleet: Fleet = Fleet()
    client: Client = Client()
    events: tuple[Event, ...] = ()
    expected: tuple[Expected, ...] = ()


def folder() -> Path:
    """Where the shipped scenarios are: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "scenarios"
    return installed if installed.is_dir() else package.parent / "scenarios"


def shipped() -> list[str]:
    """Names of the shipped scenarios."""
    return sorted(str(p.relative_to(folder()).with_suffix("")) for p in folder().rglob("*.toml"))


def load(name: str) -> Scenario:
    """Read a shipped scenario by its name, or a file by its path.

    Raises:
        UsageError: it does not exist, or a key or value in it is wrong; the message names file and key.
    """
    path = Path(name) if name.endswith(".toml") else folder() / f"{name}.toml"
    if name not in shipped() and not name.endswith(".toml"):
        raise UsageError(registry.unknown("scenario", name, shipped()) + ", or the path of a .toml file")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the scenario {path}: {_reason(error)}") from None
    label = name if not name.endswith(".toml") else path.stem
    return parse(text, label, str(path) if name.endswith(".toml") else name)


def parse(text: str, name: str, where: str) -> Scenario:
    """Read a scenario's text; `where` names it in errors.

    Raises:
        UsageError: the text is no TOML, or a key or value in it is wrong.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{where}: not valid TOML: {error}") from None
    _check_keys(data, Scenario, "", where)
    try:
        scenario = msgspec.convert(
            {**data, "name": name, "description": _first_comment(text)}, Scenario, dec_hook=registry.decode
        )
        _check_parts(scenario)
        _check_names(scenario)
    except msgspec.ValidationError as error:
        raise UsageError(f"{where}: {_in_words(error)}") from None
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None
    return scenario


def check(scenario: Scenario) -> None:
    """Check what is about to be run: a file's parts, as options have changed them, and that there is a strategy.

    Raises:
        UsageError: a number is out of range, or the parts do not fit together; the message begins with the key.
    """
    try:
        from_data(to_data(scenario))
    except msgspec.ValidationError as error:
        raise UsageError(_in_words(error)) from None
    _check_parts(scenario)
    if not scenario.strategies:
        raise UsageError(f"{scenario.name}: no strategy: name some in the file, strategies = […], or with -s SPEC")


def _check_parts(scenario: Scenario) -> None:
    """Check what single values cannot show. Raises UsageError."""
    for number, spec in enumerate(scenario.strategies):
        with _at(f"strategies[{number}]"):
            Strategy.parse(spec)
    with _at("workload.arrivals"):
        arrivals(scenario.workload)
    with _at("workload.keys"):
        keys(scenario.workload)
    _check_callers(scenario)
    _check_requests(scenario)
    _check_times(scenario)


@contextmanager
def _at(key: str) -> Iterator[None]:
    """Name the key in the errors of what is read inside."""
    try:
        yield
    except UsageError as error:
        raise UsageError(f"{key}: {error}") from None


def _check_names(scenario: Scenario) -> None:
    """A file names every strategy once, and expects figures of those that it names."""
    specs: list[str] = []
    for number, spec in enumerate(scenario.strategies):
        if (canonical := str(Strategy.parse(spec))) in specs:
            raise UsageError(f"strategies[{number}]: '{spec}' is the strategy '{canonical}' again: keep one")
        specs.append(canonical)
    for number, each in enumerate(scenario.expected):
        with _at(f"expected[{number}].strategy"):
            if str(Strategy.parse(each.strategy)) not in specs:
                raise UsageError(registry.unknown("strategy of this file", each.strategy, specs))
        if each.metric not in METRICS:
            raise UsageError(f"expected[{number}].metric: {registry.unknown('metric', each.metric, METRICS)}")


def _check_callers(scenario: Scenario) -> None:
    work, instances = scenario.workload, scenario.fleet.instances
    law = arrivals(work)
    if law.needs_concurrency and work.concurrency is None:
        raise UsageError(
            f"workload: '{work.arrivals}' says when, but neither a concurrency nor a rate says how many: "
            "set workload.concurrency, or arrivals such as poisson(rate=500,duration=10s)"
        )
    if not law.needs_concurrency and work.concurrency is not None:
        raise UsageError(f"workload: '{work.arrivals}' has a rate, so a concurrency says nothing: leave one out")
    if work.concurrency is not None and work.concurrency < instances:
        raise UsageError(
            f"{work.concurrency} concurrent requests cannot be spread over {instances} instances: "
            "lower the instances or raise the concurrency"
        )
    if work.invalidate and not work.writes:
        raise UsageError("workload.invalidate: without writes there is nothing to invalidate: set workload.writes")
    if scenario.client.retries and scenario.client.timeout is None:
        raise UsageError("client.retries: without client.timeout nobody ever gives up: set it")


def _check_requests(scenario: Scenario) -> None:
    work = scenario.workload
    total = arrivals(work).total(work.concurrency or 0)
    if total < 1:
        raise UsageError(f"workload.arrivals: '{work.arrivals}' is less than one request: raise rate or duration")
    if total > MOST_REQUESTS:
        raise UsageError(
            f"workload.arrivals: '{work.arrivals}' is about {total:.3g} requests, more than the {MOST_REQUESTS:,} "
            "that can be recorded: ask for less, or for a shorter time"
        )


def _check_times(scenario: Scenario) -> None:
    slowest = scenario.database.latency.median
    if scenario.cache.ttl <= slowest:
        raise UsageError(
            f"cache.ttl {scenario.cache.ttl} is no longer than a load of {slowest}: values would expire on arrival: "
            "raise cache.ttl or lower database.latency"
        )
    length = arrivals(scenario.workload).length()
    last, end = Duration(length) if length else "0s", Duration(length + slowest)
    for number, event in enumerate(scenario.events):
        with _at(f"events[{number}].do"):
            lasts = fault(event).lasts()
        if event.at > end:
            raise UsageError(
                f"events[{number}].at {event.at} is after the last request, at {last}, and its load: "
                f"choose a moment up to {end}"
            )
        if event.at + lasts > end and length:
            raise UsageError(
                f"events[{number}].do: '{event.do}' from {event.at} on would outlast the requests, which end at "
                f"{last}: shorten it, or lengthen the workload"
            )


def fault(event: Event) -> Fault:
    """The fault of an event. Raises UsageError."""
    return _law("faults", event.do)  # type: ignore[no-any-return]


def arrivals(workload: Workload) -> Arrivals:
    """The law of arrivals. Raises UsageError."""
    return _law("workload.arrivals", workload.arrivals)  # type: ignore[no-any-return]


def keys(workload: Workload) -> Keys:
    """The law of key popularity. Raises UsageError."""
    return _law("workload.keys", workload.keys)  # type: ignore[no-any-return]


def _law(folder: str, written: str) -> Any:
    call = Call.parse(written)
    plugin = registry.load(folder, call.name)
    return plugin(**registry.convert(plugin, call.name, call.params))


def to_data(scenario: Scenario) -> dict[str, Any]:
    """The scenario as plain data, for JSON."""
    return msgspec.to_builtins(scenario, enc_hook=str)  # type: ignore[no-any-return]


def from_data(data: object) -> Scenario:
    """The reverse of `to_data`. Raises msgspec.ValidationError."""
    return msgspec.convert(data, Scenario, dec_hook=registry.decode)


def _check_keys(data: dict[str, Any], struct: type[msgspec.Struct], at: str, where: str) -> None:
    fields = {f.encode_name: f.type for f in msgspec.structs.fields(struct)}
    known = [name for name in fields if name not in ("name", "description")]
    for key, value in data.items():
        if key not in known:
            raise UsageError(f"{where}: {registry.unknown('key', key, known, at)}")
        wanted = fields[key]
        rows = next((row for row in get_args(wanted) if _is_struct(row)), None)
        if _is_struct(wanted) and isinstance(value, dict):
            _check_keys(value, wanted, f"{at}{key}.", where)
        elif rows and isinstance(value, dict):
            raise UsageError(f"{where}: {at}{key}: write [[{at}{key}]], in two brackets, once for each")
        elif rows and isinstance(value, list):
            for number, row in enumerate(value):
                if isinstance(row, dict):
                    _check_keys(row, rows, f"{at}{key}[{number}].", where)


def _is_struct(wanted: object) -> bool:
    return isinstance(wanted, type) and issubclass(wanted, msgspec.Struct)


def _first_comment(text: str) -> str:
    lines = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("# ").strip())
    return " ".join(lines)


def _in_words(error: msgspec.ValidationError) -> str:
    problem, _, at = str(error).partition(" - at `$.")
    problem = re.sub(r"^Object missing required field `(\w+)`", r"'\1' is missing: add \1 = …", problem)
    return f"{at.rstrip('`')}: {problem[0].lower()}{problem[1:]}" if at else problem


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else "it is not UTF-8 text"
