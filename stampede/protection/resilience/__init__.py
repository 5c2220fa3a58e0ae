"""What if loading is slow or fails: one file per choice."""
