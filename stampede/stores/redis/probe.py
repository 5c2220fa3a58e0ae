"""Whether a Redis that a user names can be used, before anything is measured."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Collection
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from redis.asyncio import Redis
from redis.exceptions import (
    AskError,
    ClusterDownError,
    NoPermissionError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
)

from stampede.core.errors import RedisUnavailable, UsageError
from stampede.core.ports import NOTHING, Demand
from stampede.core.urls import without_password, words_about
from stampede.stores.redis.needs import channels, commands, family
from stampede.stores.redis.room import shortage
from stampede.stores.redis.wire import connect, disconnect

_LOCKED = ("NOAUTH", "WRONGPASS", "Authentication required", "already authenticated", "invalid username-password")
_DENIED = re.compile(r"permissions to (?:run the '([^']+)' command|access (?:a|one of the|the '.*') (key|channel))")
LISTENS_WITHIN_S = 5.0


async def probe(url: str, prefix: str, demand: Demand = NOTHING) -> str:
    """Check that a run can do there all that it needs to, and return the server's name and version.

    Nothing is written.

    Raises:
        RedisUnavailable: with the one line that says why not.
        UsageError: the URL has an option that means nothing.
    """
    client = connect(url, 1)
    try:
        missing, info = [], {}
        try:
            info = await client.info()
        except NoPermissionError as error:
            missing.append(_rule(error, "+info", prefix))
        # Before anything else is sent: a server that is full may evict for a mere question.
        _require_use(info, demand, without_password(url))
        missing += [rule async for rule in _missing(client, url, prefix, demand.needs)]
    except TypeError:
        raise UsageError(f"{without_password(url)} has an option that the Redis client does not take") from None
    except (RedisError, OSError) as error:
        raise RedisUnavailable(_why(error, url)) from None
    finally:
        await disconnect(client)
    if missing:
        raise RedisUnavailable(_grant(url, list(dict.fromkeys(missing))))
    return _name(info)


def _require_use(info: dict[str, Any], demand: Demand, shown: str) -> None:
    """Raises RedisUnavailable: by its own account it is none that could be measured."""
    if info.get("redis_mode") == "cluster":
        raise RedisUnavailable(_cluster(shown))
    if short := shortage(info, demand):
        raise RedisUnavailable(f"{shown} {short}")


async def _missing(client: Redis, url: str, prefix: str, needs: Collection[type]) -> AsyncIterator[str]:
    """Try everything; gives the rules that are missing. Raises redis-py's errors: it cannot be used at all."""
    for need in commands(prefix, needs):
        try:
            await client.execute_command(*need.command)  # type: ignore[no-untyped-call]
        except NoPermissionError as error:
            yield _rule(error, need.rule, prefix)
        except NoScriptError:  # it may not be loaded, which was said before; but it may be run
            pass
    for channel, rule in channels(prefix, needs):
        try:
            await _subscribe(url, channel)
        except NoPermissionError as error:
            yield _rule(error, "+subscribe", prefix, rule)


async def _subscribe(url: str, channel: str) -> None:
    client = connect(url, 1)
    try:
        async with client.pubsub() as pubsub:
            await pubsub.subscribe(channel)
            await pubsub.get_message(timeout=LISTENS_WITHIN_S)
    finally:
        await disconnect(client)


def _rule(error: NoPermissionError, tried: str, prefix: str, channel: str = "") -> str:
    """The rule that was missing: it is that of what was tried, of its names, or of what the connection does first."""
    found = _DENIED.search(str(error))
    command, what = found.groups() if found else (None, None)
    if what == "key":
        return f"~{family(prefix)}"
    if what == "channel":
        return channel or f"&{family(prefix)}"
    return tried if command is None or tried.startswith(f"+{command}") else f"+{command}"


def _grant(url: str, missing: list[str]) -> str:
    user = _user(url)
    other = ", or name another user: redis://USER:PASSWORD@HOST:PORT" * (user == "default")
    return (
        f"{without_password(url)} does not let the user '{user}' do all that this run needs: "
        f"ACL SETUSER {user} {' '.join(missing)}{other}"
    )


def _user(url: str) -> str:
    parts = urlsplit(url)
    return unquote(parts.username or "") or parse_qs(parts.query).get("username", ["default"])[0]


def _why(error: Exception, url: str) -> str:
    """What an error means and what to do about it, in one line."""
    shown = without_password(url)
    if isinstance(error, (AskError, ClusterDownError)):  # MOVED is an ASK to redis-py
        return _cluster(shown)
    if isinstance(error, ReadOnlyError):
        return f"{shown} is read-only, perhaps a replica: name its primary"
    if isinstance(error, OutOfMemoryError):
        return f"{shown} is out of memory and refuses writes: raise its maxmemory, or name another server"
    if (denied := _DENIED.search(str(error))) and denied[1]:  # what a connection begins with
        return _grant(url, [f"+{denied[1]}"])
    if any(sign in str(error) for sign in _LOCKED):
        return f"{shown} wants a password, or another one: write redis://USER:PASSWORD@HOST:PORT"
    problem = words_about(url, str(error))
    return f"no usable Redis at {shown} ({problem}): check the URL, or leave it out"


def _cluster(shown: str) -> str:
    return (
        f"{shown} is a node of a Redis Cluster, which stampede cannot measure: name a server that is none, "
        "or leave the URL out"
    )


def _name(info: dict[str, Any]) -> str:
    if "valkey_version" in info:
        return f"Valkey {info['valkey_version']}"
    return f"Redis {info['redis_version']}"
