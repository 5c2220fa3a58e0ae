"""What travels between the instances and the fake-slow database: batches of msgpack, one frame each."""

from __future__ import annotations

import msgspec

from stampede.origins.window import Seen


class LoadAsked(msgspec.Struct, array_like=True, tag="load"):
    """Load a key; `call` pairs the reply with it."""

    call: int
    key: str


class CancelAsked(msgspec.Struct, array_like=True, tag="cancel"):
    """Give up the load `call`; nobody waits for an answer any more, and there is none."""

    call: int


class ResetAsked(msgspec.Struct, array_like=True, tag="reset"):
    """Begin a new count with this model."""

    call: int
    latency: str
    connections: int
    seed: int
    missing: float = 0.0


class ChangeAsked(msgspec.Struct, array_like=True, tag="change"):
    """Go on with another latency, or answer errors."""

    call: int
    latency: str
    failing: bool


class WriteAsked(msgspec.Struct, array_like=True, tag="write"):
    """Change a key's row."""

    call: int
    key: str


class SeenAsked(msgspec.Struct, array_like=True, tag="seen"):
    """Tell what was seen since the last reset."""

    call: int


class PulseAsked(msgspec.Struct, array_like=True, tag="pulse"):
    """Tell how much CPU time was used since the last reset."""

    call: int


class Reply(msgspec.Struct, array_like=True):
    """The answer to `call`: a value with its version, or what was seen, or an error."""

    call: int
    value: bytes = b""
    version: int = 0
    seen: Seen | None = None
    error: str | None = None


Asked = LoadAsked | CancelAsked | WriteAsked | ResetAsked | ChangeAsked | SeenAsked | PulseAsked

encode = msgspec.msgpack.Encoder().encode
decode_asked = msgspec.msgpack.Decoder(list[Asked]).decode
decode_replies = msgspec.msgpack.Decoder(list[Reply]).decode
