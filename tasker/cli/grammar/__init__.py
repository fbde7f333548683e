"""Parsing of the command line: verbs, options and values. No calls to a service, no output."""
