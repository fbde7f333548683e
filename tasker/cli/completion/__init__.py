"""Completion scripts for shells, made from the parser. places.py lists what to complete; the other files are the
shells.

A script contains verbs, options, choices and signals. It gets job ids and contexts from `tasker candidates`, which
prints no errors and has a short time limit.

Why neither argcomplete nor shtab: argcomplete starts Python at every Tab, shtab cannot complete job ids and contexts.
"""

from tasker.cli.completion import bash, fish, zsh

SHELLS = {"bash": bash.script, "zsh": zsh.script, "fish": fish.script}
"""The function that makes the script, by shell."""
