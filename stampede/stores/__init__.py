"""The caches that instances share: Redis, memory (for simulation), and the launcher of the embedded server."""
