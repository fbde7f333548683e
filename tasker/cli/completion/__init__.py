"""Completion scripts for shells, out of the parser: grammar.py is what there is to complete, each other file one shell.

A script knows verbs, options, choices and signals by itself. Job ids and contexts it gets from `tasker candidates`,
which is silent and does not take longer than a moment, whatever the service does.
"""
