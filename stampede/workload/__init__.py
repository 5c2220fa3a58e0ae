"""What the callers do: when requests arrive, and which keys they want. Pure laws, no clocks, no sleeping."""
