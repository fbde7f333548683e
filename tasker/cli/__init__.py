"""The command line: what a person types, and what a terminal or a program gets to see.

    __main__    argv in, exit code out; every error is told here, once
    arguments   the grammar: argv ─▶ namespace         options: what each verb takes     help: the words of --help
    spec        options of start and run ─▶ JobSpec
    settings    flags, environment, files ─▶ address and certificates              connection: a Client of them
    verbs       start, stop, get, list, detach: one function a verb                certificates: the certs verbs
    attach      attach and run:  client ─▶ watch ─▶ output                         interrupts: Ctrl-C in run
                                   ╰ live: events and ticks, one stream    ╰ screen, column, clean: the terminal
    render      jobs ─▶ rows and lines for people, pure
    document    jobs ─▶ JSON, pure
    exits       how it ended ─▶ exit code, one table
    stderr      notices, errors, progress

grpc and rich are slow to import, so they are imported by the functions that use them: `--help` stays instant.
"""
