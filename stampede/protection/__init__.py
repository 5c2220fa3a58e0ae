"""The library: a protection's choices, one file each, and how they make one cache."""
