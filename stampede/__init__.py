"""stampede: will my cache stampede, and which protection should I use?

To protect an application's own cache: `from stampede import Cache`. Nothing is imported until it is asked for.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stampede.core.errors import LoadError as LoadError
    from stampede.core.errors import RedisUnavailable as RedisUnavailable
    from stampede.core.errors import StampedeError as StampedeError
    from stampede.core.errors import StoreError as StoreError
    from stampede.core.errors import UsageError as UsageError
    from stampede.library.cache import Cache as Cache
    from stampede.library.codecs import BYTES as BYTES
    from stampede.library.codecs import JSON as JSON
    from stampede.library.codecs import MSGPACK as MSGPACK
    from stampede.library.threads import SyncCache as SyncCache

_HOMES = {
    "BYTES": "library.codecs",
    "Cache": "library.cache",
    "JSON": "library.codecs",
    "LoadError": "core.errors",
    "MSGPACK": "library.codecs",
    "RedisUnavailable": "core.errors",
    "StampedeError": "core.errors",
    "StoreError": "core.errors",
    "SyncCache": "library.threads",
    "UsageError": "core.errors",
}
"""Where each name of the library is at home."""


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'stampede' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"stampede.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *_HOMES]
