"""The command line in four rooms. Imports go one way (tests/test_imports.py):

    verbs ──▶ live ──▶ service ──▶ show ──▶ exits          grammar beside them

    __main__    argv in, exit code out; --help and --version are answered at once
    program     every other command line; errors are printed here, once
    exits       how a job ended, or why Tasker failed ─▶ exit code
    grammar/    what was typed: argv ─▶ namespace ─▶ JobSpec; the table of verbs
    verbs/      a module for each verb: its options, its words in --help, and what it does
    service/    whom to ask: address and certificates ─▶ Client; calls for many jobs, or to many machines
    show/       what people and programs see, pure: rows, lines, JSON; stdout and stderr print them
    live/       what lasts: following a job, on a terminal, into a pipe or a file; signals and keys; the screen of top
    doctor/     checks of this machine, for the verb doctor
    completion/ the parser ─▶ completion scripts           prepared/   what packaging/prepare has made of the parser

    attach:     service/connection ─▶ live/follow ─▶ the output that live/choose chooses
    list:       service/connection ─▶ show/jobs ─▶ show/table ─▶ show/stdout

Only the module of the verb that was typed is imported. grpc, cryptography and rich are slow to import, so what is not
about the service, or not on a terminal, goes without them (tests/bench/start.py).
"""
