"""Passwords are never shown."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import make_url

from stampede.core.errors import UsageError
from stampede.core.urls import wants_password, with_password, without_password, words_about

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
        ("redis://:re@Result/1", "redis://:***@Result/1"),
        ("redis://me:redis@redis/0", "redis://me:***@redis/0"),
        ("rediss://h/0?ssl_password=secret&ssl_keyfile=/key", "rediss://h/0?ssl_password=***&ssl_keyfile=/key"),
        ("rediss://h/0?ssl_keyfile_password=secret&db=1", "rediss://h/0?ssl_keyfile_password=***&db=1"),
        ("redis://h/0?passwd=secret", "redis://h/0?passwd=***"),
        ("redis://h/0?p%61ss%77ord=secret", "redis://h/0?p%61ss%77ord=***"),
        ("redis://h/0?api_key=secret&access=secret", "redis://h/0?api_key=***&access=***"),
        ("redis://h/0?secret", "redis://h/0?***"),
        ("redis://h/0?db=1#secret", "redis://h/0?db=1#***"),
        ("redis://h/0#secret", "redis://h/0#***"),
        ("redis://:secret", "redis://:***"),
        ("postgresql+asyncpg://me:secret/db", "postgresql+asyncpg://me:***/db"),
        ("redis://[::1]:6379/0", "redis://[::1]:6379/0"),
        ("unix:///run/a@b.sock", "unix:///run/a@b.sock"),
        ("postgresql+asyncpg://me@/db?host=/run/pg", "postgresql+asyncpg://me@/db?host=/run/pg"),
        ("redis://host:6379/0?password=se@cret&db=1", "redis://host***"),
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


@given(
    SCHEMES,
    st.sampled_from(
        ["password", "pwd", "Password", "passwd", "ssl_password", "ssl_keyfile_password", "sslpassword", "x"]
    ),
    PASSWORDS.filter(lambda p: not set("#&") & set(p)),
)
def test_the_password_in_a_query_never_appears(scheme: str, name: str, password: str) -> None:
    assert MARK not in without_password(f"{scheme}://host:6379/0?a=1&{name}={password}&b=2")


@pytest.mark.parametrize(
    ("url", "message", "said"),
    [
        ("redis://:su@host", "no Result from the super server", "no Result from the super server"),
        ("redis://:geheim@host", "cannot take 'geheim' for a port", "its words would show the password"),
        ("redis://:ge%40heim@host", "cannot take 'ge@heim'", "its words would show the password"),
        ("redis://:ge/heim@host", "cannot take 'ge' for a port", "its words would show the password"),
        ("redis://host?ssl_password=geheim", "wrong: geheim", "its words would show the password"),
        ("redis://me@host:1/0?db=1", "Error 111 connecting to host:1", "Error 111 connecting to host:1"),
    ],
)
def test_somebody_elses_words_are_whole_or_not_shown(url: str, message: str, said: str) -> None:
    assert words_about(url, message) == said


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_a_password_that_is_put_into_a_url_is_the_one_that_is_taken_out(password: str) -> None:
    url = with_password("postgresql+asyncpg://me@/shop?host=/run/a@b", password)
    assert not wants_password(url)
    assert make_url(url).password == password
    assert make_url(url).host is None
    assert make_url(url).database == "shop"


@pytest.mark.parametrize("url", ["shop", "postgresql+asyncpg://host/a@b", "postgresql+asyncpg://me:x@host/shop"])
def test_a_password_that_has_no_place_is_a_usage_error(url: str) -> None:
    with pytest.raises(UsageError):
        with_password(url, "geheim")


@given(st.text(max_size=30))
def test_any_text_has_something_to_show(text: str) -> None:
    assert isinstance(without_password(text), str)
