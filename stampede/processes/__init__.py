"""What starts, guards and ends other processes."""
