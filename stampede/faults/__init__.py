"""What can happen in the middle of a trial: one file per fault."""
