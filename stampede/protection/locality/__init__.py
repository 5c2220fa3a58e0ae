"""Where to look first: one file per choice."""
