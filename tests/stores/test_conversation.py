"""Listening in the background."""

from __future__ import annotations

import asyncio

import pytest

from stampede.core.errors import StoreError
from stampede.stores.redis import conversation
from stampede.stores.redis.conversation import Conversation


async def test_who_begins_again_where_nothing_is_heard_is_told_so_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refused(hears: asyncio.Event) -> None:
        raise ConnectionError

    monkeypatch.setattr(conversation, "BEGIN_TIMEOUT_S", 0.01)
    talk = Conversation(refused)
    for _ in range(2):
        with pytest.raises(StoreError, match="Redis does not let us track changes"):
            await talk.begin("track changes")
    await talk.end()
