"""One module for each verb of grammar/verbs.py, of the same name.

A module has USAGE and EPILOG (text for --help), `arguments(parser)`, which adds its options, and `run(namespace)`,
which does what was asked and returns an exit code.
"""
