"""The command line in four rooms. Imports go one way (tests/test_imports.py):

    verbs ──▶ live ──▶ service ──▶ show ──▶ exits          grammar beside them

    __main__    argv in, exit code out; answers --help and --version itself
    program     runs every other command line; the only place that prints errors
    exits       outcome of a job, or reason of a failure ─▶ exit code
    grammar/    parsing: argv ─▶ namespace ─▶ JobSpec; the table of verbs
    verbs/      a module for each verb: options, help text, and the code that runs it
    service/    address and certificates ─▶ Client; calls for many jobs, or to many machines
    show/       output for people and programs, pure: rows, lines, JSON; stdout and stderr print them
    live/       displays that last: following a job to a terminal, a pipe or a file; signals and keys; the screen of top
    doctor/     checks of this machine, for the verb doctor
    completion/ the parser ─▶ completion scripts           prepared/   generated from the parser by packaging/prepare

    attach:     service/connection ─▶ live/follow ─▶ the output from live/choose
    list:       service/connection ─▶ show/jobs ─▶ show/table ─▶ show/stdout

Only the module of the typed verb is imported. grpc, cryptography and rich are slow to import, so verbs without a
service or a terminal do not import them (tests/bench/start.py).
"""
