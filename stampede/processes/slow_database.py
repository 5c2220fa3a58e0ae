"""The fake-slow database's process, owned by the run."""

from __future__ import annotations

import sys

from stampede.core.build import own_build
from stampede.core.errors import DatabaseUnavailable
from stampede.processes.server import ServerProcess


class SlowDatabaseProcess(ServerProcess):
    """The one database for which all instances of a run contend, or all workers of a service for its `catalogue`."""

    what = "the fake-slow database"
    fault = DatabaseUnavailable

    def __init__(self, catalogue: bool = False) -> None:
        python, build = [sys.executable, "-P", "-m", "stampede.origins.slow_server"], own_build()
        served = ["catalogue"] * catalogue
        super().__init__("db", lambda socket: [*python, str(socket), build, *served])
