"""How values, guards and messages look in Redis."""

from __future__ import annotations

import msgspec

from stampede.core.errors import StoreError
from stampede.core.model import Entry, Filled, Look

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

    def filled(self) -> Filled:
        """As those who wait for the load are told."""
        return Filled(self.entry, self.error, self.token, self.unshared)


UNFIT = (ValueError, TypeError, msgspec.MsgspecError)
"""What msgspec says of what cannot be written or read; its own errors are no ValueErrors in every version."""

_encode = msgspec.msgpack.Encoder().encode
_news = msgspec.msgpack.Decoder(News)
_entry = msgspec.msgpack.Decoder(Entry)


def encode(message: Entry | News) -> bytes:
    """What others can read. Raises StoreError: nobody could, so it is for its sender alone to know."""
    entry = message if isinstance(message, Entry) else message.entry
    if entry is not None and not isinstance(entry.value, bytes):
        raise StoreError(f"a value must be bytes, not {type(entry.value).__name__}")
    try:
        return _encode(message)
    except UNFIT as error:  # a lone surrogate in the key, or a number that is none
        raise StoreError(f"cannot be written to Redis: {error}") from None


def decode_news(message: bytes) -> News | None:
    """None: somebody else's message, for everybody who may publish can publish anything."""
    try:
        return _news.decode(message)
    except UNFIT:
        return None


def value_name(prefix: str, key: str) -> str:
    """The value's name in Redis."""
    return f"{prefix}value:{_checked(key)}"


def guard_name(prefix: str, key: str) -> str:
    """The guard's name in Redis: apart from all values, whatever the keys are called."""
    return f"{prefix}guard:{_checked(key)}"


def waiting_name(prefix: str, key: str) -> str:
    """The name of the list of those processes that hold the key or wait for it."""
    return f"{prefix}waiting:{_checked(key)}"


def _checked(key: str) -> str:
    if not isinstance(key, str):  # another type would have a name, too, and nobody could read the news of it
        raise StoreError(f"a key must be text, not {type(key).__name__}")
    return key


def milliseconds(seconds: float) -> int:
    """At least one, for Redis refuses to keep anything for zero."""
    return max(1, round(seconds * 1000))


def is_claim(value: bytes) -> bool:
    """Whether a claim is in the value's place; an envelope is a msgpack array and begins otherwise."""
    return value.startswith(CLAIM.encode())


def decode_entry(value: bytes | None) -> Entry | None:
    """What a reader finds in the value's place: a claim is no value. Raises StoreError: somebody else's is there."""
    if value is None or is_claim(value):
        return None
    try:
        return _entry.decode(value)
    except UNFIT as error:
        raise StoreError(f"what is in Redis in the value's place is none of ours: {error}") from None


def encode_note(token: str, error: str | None) -> str:
    """What stands in a guard's place for a while after a load: it failed, or its value can be given to nobody."""
    return f"{NOTE}{token}{NOTE}{UNSHARED if error is None else FAILED + error}"


def decode_look(value: bytes | None, guard: bytes | None) -> Look:
    """The value and the guard: a token, or a note."""
    holder = guard.decode(errors="replace") if guard is not None else None
    if holder is None or not holder.startswith(NOTE):
        return Look(decode_entry(value), holder)
    _, token, ended = holder.split(NOTE, 2)
    if ended == UNSHARED:
        return Look(decode_entry(value), token, unshared=True)
    return Look(decode_entry(value), token, ended.removeprefix(FAILED))
