"""How values become bytes and come back: JSON, MessagePack, or bytes as they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from stampede.core.errors import UsageError
from stampede.library.unchangeable import unchangeable

UNFIT = (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError)
"""What codecs say of what they cannot write or read."""


@dataclass(frozen=True)
class Coder:
    """How values of one type are written and read.

    `shared`: what it reads cannot be changed, so all callers who are answered together get the same object. Both
    functions raise one of UNFIT for what they cannot do.
    """

    encode: Callable[[Any], bytes]
    decode: Callable[[bytes], Any]
    shared: bool = False
    checks_type: bool = False
    """Whether reading refuses what is not of the type."""

    def checked(self, value: Any) -> bytes:
        """What comes back like this value, for all callers alike. Raises one of UNFIT."""
        data = self.encode(value)
        back = self.decode(data)
        if not self.checks_type and back != value:
            raise TypeError(f"it would not come back as it is ({_short(value)} as {_short(back)}): say its type")
        return data


class Codec(Protocol):
    """What a cache is given as its `codec`."""

    def of(self, type: Any) -> Coder:
        """The coder for values of this type (None: of any that need no type). Raises UsageError: there is none."""
        ...


class _Msgspec:
    """A format of msgspec: without a type what the format itself has (numbers, text, lists, dictionaries); with one
    whatever msgspec knows: its own structs, dataclasses, typed dictionaries, dates, enumerations.
    """

    def __init__(self, encode: Callable[[Any], bytes], decoder: Callable[..., Any]) -> None:
        self._encode = encode
        self._decoder = decoder
        self._coders: dict[Any, Coder] = {}

    def of(self, type: Any) -> Coder:
        """The coder for a type. Raises UsageError: msgspec does not know it."""
        coder = self._coders.get(type)
        if coder is None:
            coder = self._coders[type] = self._make(type)
        return coder

    def _make(self, type: Any) -> Coder:
        if type is None or type is Any:
            return Coder(self._encode, self._decoder().decode)
        try:
            return Coder(self._encode, self._decoder(type).decode, unchangeable(type), checks_type=True)
        except TypeError as error:
            reason = str(error).splitlines()[0]
            raise UsageError(f"values of the type {_name(type)} cannot be cached: {reason}") from None


class _Bytes:
    """Bytes as they are."""

    _coder = Coder(lambda value: _require_bytes(value), lambda data: data)

    def of(self, type: Any) -> Coder:
        """The coder for bytes. Raises UsageError: another type."""
        if type in (None, bytes, Any):
            return self._coder
        raise UsageError(f"BYTES keeps bytes only, not {_name(type)}: use JSON or MSGPACK")


JSON = _Msgspec(msgspec.json.Encoder().encode, msgspec.json.Decoder)
"""JSON text (the default)."""

MSGPACK = _Msgspec(msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder)
"""MessagePack: smaller than JSON, and it keeps bytes."""

BYTES = _Bytes()
"""Bytes as they are: what an application has encoded already."""


def _require_bytes(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError(f"a {type(value).__name__}, where the codec BYTES takes bytes only")
    return value


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _name(type: Any) -> str:
    return getattr(type, "__qualname__", None) or str(type)
