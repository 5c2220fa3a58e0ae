"""When requests arrive: one file per law."""
