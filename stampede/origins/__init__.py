"""What the cache protects, and the fake-slow database that stands for it."""
