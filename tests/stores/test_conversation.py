"""Listening in the background."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from redis.exceptions import RedisError

from stampede.core.errors import StoreError
from stampede.stores.redis import conversation
from stampede.stores.redis.conversation import Conversation
from stampede.stores.redis.fills import FillListener
from stampede.stores.watchers import Watchers


async def test_who_begins_again_where_nothing_is_heard_is_told_so_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refused(hears: asyncio.Event) -> None:
        raise ConnectionError

    monkeypatch.setattr(conversation, "BEGIN_TIMEOUT_S", 0.01)
    talk = Conversation(refused)
    for _ in range(2):
        with pytest.raises(StoreError, match="Redis does not let us track changes"):
            await talk.begin("track changes")
    await talk.end()


async def test_news_are_missed_when_a_connection_is_lost_and_not_by_every_try_to_get_it_back(
    tmp_path: Path, real_time: None
) -> None:
    """Who is told so asks again, and has the next caller ask anew: ten times a second, no flight would be shared."""
    watchers = Watchers()
    told: list[str | None] = []
    watchers.on_invalidated(told.append)
    with pytest.raises(RedisError):
        await FillListener(f"unix://{tmp_path}/nobody.sock", "channel", watchers).listen(asyncio.Event())
    assert told == []
