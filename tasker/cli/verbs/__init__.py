"""One module for each verb of grammar/verbs.py, with the same name.

A module has USAGE and EPILOG (text for --help), `arguments(parser)`, which adds its options, and `run(namespace)`,
which runs the verb and returns an exit code.
"""
