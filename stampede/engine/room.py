"""Whether a fleet and its records fit this machine: found out before anything is started."""

from __future__ import annotations

from stampede.processes.limits import require_memory, require_open_files, require_processes
from stampede.scenario.model import FleetSetup

SPARE_FILES = 64
FILES_OF_INSTANCE = 3
"""What an instance costs the run: its line, and what multiprocessing holds."""
CONNECTIONS = 8
"""Of an instance to Redis without a pool, subscriptions included."""
SERVERS = 12
"""Processes and threads beside the instances."""
BYTES_OF_INSTANCE = 10 * 1024**2
BYTES_OF_REQUEST = 150
"""A record on its way: in its instance, in the message, and in the run."""


def require_room(fleet: FleetSetup, requests: int = 0, own_redis: bool = True) -> None:
    """Check limits and memory for a fleet and a trial of so many requests; `own_redis`: we start it.

    Raises:
        EnvironmentFault: with the one that is too low, and how much is needed.
    """
    many = f"{fleet.instances:,} instance{'s' * (fleet.instances > 1)}"
    require_memory(fleet.instances * BYTES_OF_INSTANCE + requests * BYTES_OF_REQUEST, f"a run with {many}")
    require_processes(fleet.instances + SERVERS, f"a run with {many}")
    require_open_files(FILES_OF_INSTANCE * fleet.instances + SPARE_FILES, f"a run with {many}")
    if fleet.redis_pool:
        require_open_files(fleet.redis_pool + SPARE_FILES, "this --redis-pool")
    if own_redis:
        connections = fleet.instances * ((fleet.redis_pool or CONNECTIONS) + 2)
        require_open_files(connections + SPARE_FILES, f"the Redis of {many}")
