"""The command line: what a person types, and what a terminal or a program gets to see.

    __main__   argv in, exit code out; every error is told here, once
    arguments  the parser, and where the job's own command line begins
    spec       options of start and run ─▶ JobSpec
    settings   flags, environment, files ─▶ address and certificates
    verbs      start, stop, get, list, detach         one function a verb
    attach     attach and run: events ─▶ an Output    (certificates: the certs verbs)
    output     where a job's bytes go: a pipe, a terminal (screen, column, clean), JSON lines
    render     jobs ─▶ tables and lines, pure         document: jobs ─▶ JSON, pure
    exits      how it ended ─▶ exit code, one table

grpc and rich are slow to import, so they are imported by the functions that use them: `--help` stays instant.
"""
