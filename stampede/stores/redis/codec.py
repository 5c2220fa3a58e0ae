"""How values, guards and messages look in Redis."""

from __future__ import annotations

import msgspec

from stampede.core.model import Entry, Look

CLAIM = "~"
NOTE = "!"
FAILED = "-"
UNSHARED = "+"


class News(msgspec.Struct, array_like=True):
    """What a fill, a failure or an invalidation publishes; the last has no token, the others that of the load."""

    key: str
    entry: Entry | None = None
    error: str | None = None
    token: str | None = None
    unshared: bool = False


encode = msgspec.msgpack.Encoder().encode
decode_news = msgspec.msgpack.Decoder(News).decode
_decode_entry = msgspec.msgpack.Decoder(Entry).decode


def value_name(prefix: str, key: str) -> str:
    """The value's name in Redis."""
    return f"{prefix}value:{key}"


def guard_name(prefix: str, key: str) -> str:
    """The guard's name in Redis: apart from all values, whatever the keys are called."""
    return f"{prefix}guard:{key}"


def milliseconds(seconds: float) -> int:
    """At least one, for Redis refuses to keep anything for zero."""
    return max(1, round(seconds * 1000))


def is_claim(value: bytes) -> bool:
    """Whether a claim is in the value's place; an envelope is a msgpack array and begins otherwise."""
    return value.startswith(CLAIM.encode())


def decode_entry(value: bytes | None) -> Entry | None:
    """What a reader finds in the value's place: a claim is no value."""
    return None if value is None or is_claim(value) else _decode_entry(value)


def encode_note(token: str, error: str | None) -> str:
    """What stands in a guard's place for a while after a load: it failed, or its value can be given to nobody."""
    return f"{NOTE}{token}{NOTE}{UNSHARED if error is None else FAILED + error}"


def decode_look(value: bytes | None, guard: bytes | None) -> Look:
    """The value and the guard: a token, or a note."""
    holder = guard.decode() if guard is not None else None
    if holder is None or not holder.startswith(NOTE):
        return Look(decode_entry(value), holder)
    _, token, ended = holder.split(NOTE, 2)
    if ended == UNSHARED:
        return Look(decode_entry(value), token, unshared=True)
    return Look(decode_entry(value), token, ended.removeprefix(FAILED))
