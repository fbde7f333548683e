"""The engine: holds the job table, authorizes requests, and controls systemd. Forks nothing, has no network.

Crash-only: the collector stores a record of everything that the engine must not lose. At every start, the engine
rebuilds its table from the collector, systemd and the archives. If it loses the connection to the bus or the collector,
it exits, and systemd starts it again.

    frontends ──▶ control ──▶ requests ──▶ starts, stops, signalling, limiting, archive … ──▶ systemd, collector
        ▲                                    ╰──▶ jobtable ──▶ watchers                   D-Bus itself: bus, manager
        ╰──────── changes ──────────────────────────────────────╯
"""
