"""The parts of the page: what its plots show, its frame, its style, and the scripts that draw."""
