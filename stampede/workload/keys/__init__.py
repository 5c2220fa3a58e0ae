"""Which keys are wanted: one file per law."""
