"""Redis and Valkey, 6.2 and later: the store, and the server seen from outside."""
