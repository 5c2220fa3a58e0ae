"""What a load runs at a database of the user's own."""

from __future__ import annotations

import msgspec


class Query(msgspec.Struct, frozen=True):
    """`sql` is one load's. Its `:key`, if there, is the key's number, or a value that the query `keys_from` finds."""

    sql: str
    keys_from: str | None = None
