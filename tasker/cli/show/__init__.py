"""Output for people and programs. Pure: values in, text out. Only stdout and stderr print; console reads TERM."""
