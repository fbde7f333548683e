"""Completion scripts for shells, from the parser: places.py is what there is to complete, each other file is one shell.

A script knows verbs, options, choices and signals by itself. Job ids and contexts it gets from `tasker candidates`,
which is silent and takes no longer than a moment, whatever the service does.

Why neither argcomplete nor shtab: argcomplete starts Python at every Tab, shtab cannot complete job ids and contexts.
"""

from tasker.cli.completion import bash, fish, zsh

SHELLS = {"bash": bash.script, "zsh": zsh.script, "fish": fish.script}
"""By shell: places ─▶ the script."""
