"""What lasts: following the output of a job and drawing on a terminal until the end, with signals and keys."""
