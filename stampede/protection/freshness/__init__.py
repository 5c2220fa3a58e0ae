"""When to reload: one file per choice."""
