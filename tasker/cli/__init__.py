"""The command line: what a person types, and what a terminal or a program gets to see.

    __main__    argv in, exit code out; --help and --version are answered here, at once
    program     every other command line; every error is told here, once
    arguments   the grammar: argv ─▶ namespace         options: what several verbs take     help: the words of --help
    verbs/      one module a verb: its options, its words in --help, and what it does
    spec        options of start and run ─▶ JobSpec
    settings    flags, environment, files ─▶ address and certificates              connection: a Client of them
                configfile: reading one's own file   contexts: changing it         everywhere: Clients of all contexts
    follow      attach and run:  client ─▶ follow ─▶ output                        interrupts: Ctrl-C in run
                live: events, news and signals, one after the other     news: the job beside its output
    output      where it is shown: terminal (screen, column, clean, footer, keys), piped, recorder (meter)
                notices: what is told beside it     losses: folded     stamps: times before lines
    render      jobs ─▶ rows and lines for people, pure      facts: everything about one      figures: what it uses
    each        one call for several jobs at once
    board       what a watch has told so far, and what is new    happenings: that in words       leaving: SIGTERM
    top         rows of top, pure            topscreen: on a terminal            keys: what is pressed
    rows        rows ─▶ laid out for a terminal or a pipe, pure
    document    jobs ─▶ JSON, pure
    completion/ the parser ─▶ scripts for shells           near: did you mean …?      missing: … of a job's id
    doctor/     what may be wrong with a machine           about: the service and its ceilings, as info shows them
    merged      the watches of all contexts, one stream    prepared/: what --help prints, made by packaging/prepare
    exits       how it ended ─▶ exit code, one table
    stdout      rows and JSON                          stderr: notices, errors, progress

grpc and rich are slow to import, so they are imported by the functions that use them.
"""
