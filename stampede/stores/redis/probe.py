"""Whether a Redis that a user names can be used, before anything is measured."""

from __future__ import annotations

from redis.exceptions import NoPermissionError, ReadOnlyError, RedisError

from stampede.core.errors import RedisUnavailable, UsageError
from stampede.core.urls import without_password, words_about
from stampede.stores.redis.wire import connect, disconnect

_LOCKED = ("NOAUTH", "WRONGPASS", "Authentication required", "already authenticated", "invalid username-password")


async def probe(url: str, prefix: str) -> str:
    """Check that we can read and write there, and return the server's name and version.

    Raises:
        RedisUnavailable: with the one line that says why not.
        UsageError: the URL has an option that means nothing.
    """
    shown = without_password(url)
    client = connect(url, 1)
    try:
        info = await client.info("server")
        await client.set(prefix + "probe", b"1", px=1000)
        await client.unlink(prefix + "probe")
    except NoPermissionError as error:
        raise RedisUnavailable(
            f"{shown} wants a password of another user ({error}): write redis://USER:PASSWORD@HOST:PORT"
        ) from None
    except ReadOnlyError:
        raise RedisUnavailable(f"{shown} is read-only, perhaps a replica: name its primary") from None
    except TypeError:
        raise UsageError(f"{shown} has an option that the Redis client does not take") from None
    except (RedisError, OSError) as error:
        if any(sign in str(error) for sign in _LOCKED):
            raise RedisUnavailable(
                f"{shown} wants a password, or another one: write redis://USER:PASSWORD@HOST:PORT"
            ) from None
        problem = words_about(url, str(error))
        raise RedisUnavailable(f"no usable Redis at {shown} ({problem}): check the URL, or leave it out") from None
    finally:
        await disconnect(client)
    if "valkey_version" in info:
        return f"Valkey {info['valkey_version']}"
    return f"Redis {info['redis_version']}"
