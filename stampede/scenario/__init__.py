"""A TOML file understood once: the model, reading, checking, sweeps."""
