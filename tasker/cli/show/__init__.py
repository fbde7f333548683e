"""What people and programs see. Pure: values in, text out; only stdout and stderr print, console knows the terminal."""
