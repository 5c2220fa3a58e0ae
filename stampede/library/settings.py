"""What a cache is made with: text becomes typed values at the door."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from stampede.core.errors import UsageError
from stampede.core.units import Duration
from stampede.library.codecs import Codec
from stampede.protection.strategy import Strategy
from stampede.stores.choose import check_url

Ttl = float | str | timedelta
"""A time to live: seconds, or text such as `500ms`, `30s`, `5m`, or a timedelta."""

_NAMESPACE = re.compile(r"[^\s{}*?\[\]\\]+")


@dataclass(frozen=True)
class Settings:
    """What all processes of an application agree upon, checked; `ttl` is in seconds."""

    url: str
    strategy: Strategy
    ttl: float
    namespace: str
    codec: Codec
    scheduled: Mapping[str, Callable[[], Awaitable[Any]]]
    required: bool

    @classmethod
    def parse(
        cls,
        url: str,
        spec: str,
        ttl: Ttl,
        namespace: str,
        codec: Codec,
        scheduled: Mapping[str, Callable[[], Awaitable[Any]]] | None,
        required: bool,
    ) -> Settings:
        """Raises UsageError: something cannot be meant; the message says what would be right."""
        check_url(url)
        if not _NAMESPACE.fullmatch(namespace):
            raise UsageError(f"'{namespace}' is no namespace: write a word such as shop, without spaces or braces")
        strategy = _in_time(Strategy.parse(spec))
        schedules = strategy.freshness.name == "scheduled"
        if schedules and not scheduled:
            raise UsageError(
                f"'{strategy}' loads before anybody asks: name the keys and their loaders, "
                "scheduled={'top-tracks': load_top_tracks}"
            )
        if scheduled and not schedules:
            raise UsageError(f"'{strategy}' has no schedule: write 'scheduled(every=30s)+{strategy.coalescing}'")
        return cls(url, strategy, seconds(ttl), namespace, codec, scheduled or {}, required)

    @property
    def prefix(self) -> str:
        """What the names of all keys begin with; the braces keep them on one node of a cluster."""
        return f"{{{self.namespace}}}:"


def _in_time(strategy: Strategy) -> Strategy:
    """With the choice `store`, unless it is there: no caller of an application shall wait for a Redis that hangs."""
    if any(call.name == "store" for call in strategy.resilience):
        return strategy
    return Strategy.parse(f"{strategy}+store")


def seconds(ttl: Ttl) -> float:
    """A time to live in seconds. Raises UsageError."""
    if isinstance(ttl, str):
        return float(Duration.parse(ttl))
    value = ttl.total_seconds() if isinstance(ttl, timedelta) else ttl
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < float("inf"):
        raise UsageError(f"{ttl!r} is no time to live: write seconds above zero, or text such as '30s'")
    return float(value)
