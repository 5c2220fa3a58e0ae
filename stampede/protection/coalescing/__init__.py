"""Who may load: one file per choice."""
