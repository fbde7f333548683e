"""Displays that last: the output of a job and the screen of top, with signals and keys."""
