"""Every error that stampede raises on purpose, and the exit code it leads to.

StampedeError                    one line for the user: what is wrong and what to do
├── UsageError             2     a spec, an option or a scenario that cannot be meant
├── GateFailed             1     a --fail-if held, or a diff found a regression
├── EnvironmentFault       3     something outside is missing or broke
│   ├── RedisUnavailable         no Redis, or it refuses us
│   ├── KeysLeft                 it is not known that nothing of ours is left on a user's Redis
│   ├── DatabaseUnavailable      the database did not start, or went away
│   ├── InstanceLost             an instance died (the run goes on without its trial)
│   ├── StrategyFailed           a strategy could not be measured (the run goes on without it)
│   ├── PluginBroken             a third party's plug-in cannot be loaded
│   └── ExportFailed             a file could not be written
└── RequestError                 what one caller of a protection feels; never ends a run
    ├── LoadError                the origin failed, shared by everybody who waited for that load
    └── StoreError               Redis failed
        └── StoreGone            it does not answer
"""

from __future__ import annotations

OK = 0
GATE_FAILED = 1
USAGE = 2
ENVIRONMENT = 3
INVALID = 4
INTERRUPTED = 130


class StampedeError(Exception):
    """Root of the tree; `str(error)` is the one line that the user reads."""

    exit_code = ENVIRONMENT


class UsageError(StampedeError):
    """What was asked for does not exist or makes no sense."""

    exit_code = USAGE


class GateFailed(StampedeError):
    """What was measured is not what the user wants it to be."""

    exit_code = GATE_FAILED


class EnvironmentFault(StampedeError):
    """Something outside stampede is missing or broke."""


class RedisUnavailable(EnvironmentFault):
    """No Redis server answers, or it does not let us work."""


class KeysLeft(EnvironmentFault):
    """Something of a run is left on a user's Redis, or that cannot be told."""


class DatabaseUnavailable(EnvironmentFault):
    """The database did not start, or went away."""


class InstanceLost(EnvironmentFault):
    """An instance's process ended while it was needed."""


class StrategyFailed(EnvironmentFault):
    """A strategy could not be measured here; the others were."""


class PluginBroken(EnvironmentFault):
    """A plug-in that somebody else has installed cannot be loaded."""


class ExportFailed(EnvironmentFault):
    """A file could not be written."""


class RequestError(StampedeError):
    """What one caller of a protection feels."""

    def again(self) -> RequestError:
        """A copy to raise at another caller: one shared object would collect every caller's traceback."""
        return type(self)(*self.args)


class LoadError(RequestError):
    """The origin could not compute the value."""


class StoreError(RequestError):
    """The cache store failed: an error, and never taken for a miss."""


class StoreGone(StoreError):
    """The cache store cannot be reached, or says nothing. What was asked of it may have been done."""


def unexpected(error: Exception) -> str:
    """The one line for an error that nobody foresaw."""
    return f"unexpected {type(error).__name__}: {error} (--debug shows where)"
