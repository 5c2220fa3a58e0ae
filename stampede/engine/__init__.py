"""Puts the parts together: an instance's life, the fleet, a run."""
