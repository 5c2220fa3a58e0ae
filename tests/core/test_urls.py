"""Passwords are never shown."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stampede.core.urls import without_password

MARK = "zQzQz"
PASSWORDS = st.text(max_size=12).map(lambda middle: MARK + middle + MARK)
DRIVER_PASSWORDS = st.text(st.characters(exclude_characters="@"), max_size=12).map(lambda m: MARK + m + MARK)
SCHEMES = st.sampled_from(["redis", "rediss", "postgresql+asyncpg", "unix"])


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://localhost:6379/0", "redis://localhost:6379/0"),
        ("redis://user@host:6379/0", "redis://user@host:6379/0"),
        ("redis://:secret@host:6379/0", "redis://:***@host:6379/0"),
        ("redis://user:secret@host/1?protocol=3", "redis://user:***@host/1?protocol=3"),
        ("redis://user:se@cret@host/1", "redis://user:***@host/1"),
        ("redis://host/0?password=secret&db=1", "redis://host/0?password=***&db=1"),
        ("redis://host/0?PassWord=secret", "redis://host/0?PassWord=***"),
        ("unix:///run/redis.sock?password=secret", "unix:///run/redis.sock?password=***"),
        ("postgresql+asyncpg://me:secret@[::1]:5432/db", "postgresql+asyncpg://me:***@[::1]:5432/db"),
        ("sqlite+aiosqlite:///file.db", "sqlite+aiosqlite:///file.db"),
        ("sqlite+aiosqlite:////folder/file.db", "sqlite+aiosqlite:////folder/file.db"),
    ],
)
def test_everything_but_the_password_is_shown(url: str, shown: str) -> None:
    assert without_password(url) == shown


@given(SCHEMES, st.sampled_from(["", "user"]), PASSWORDS.filter(lambda p: not set("/?#") & set(p)))
def test_the_password_in_an_authority_never_appears(scheme: str, user: str, password: str) -> None:
    assert MARK not in without_password(f"{scheme}://{user}:{password}@host:6379/0")


@given(SCHEMES, DRIVER_PASSWORDS)
@example("postgresql+asyncpg", f"{MARK}/{MARK}")
@example("postgresql+asyncpg", f"{MARK}?{MARK}")
@example("postgresql+asyncpg", f"{MARK}#{MARK}")
def test_a_password_with_a_slash_a_question_mark_or_a_hash_as_databases_take_it_never_appears(
    scheme: str, password: str
) -> None:
    """SQLAlchemy takes everything between the colon and the at sign for the password."""
    assert MARK not in without_password(f"{scheme}://user:{password}@host:5432/db")


@given(SCHEMES, st.sampled_from(["password", "pwd", "Password"]), PASSWORDS.filter(lambda p: not set("#&") & set(p)))
def test_the_password_in_a_query_never_appears(scheme: str, name: str, password: str) -> None:
    assert MARK not in without_password(f"{scheme}://host:6379/0?a=1&{name}={password}&b=2")


@given(st.text(max_size=30))
def test_any_text_has_something_to_show(text: str) -> None:
    assert isinstance(without_password(text), str)
