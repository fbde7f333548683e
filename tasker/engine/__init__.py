"""The engine: holds the job table, decides who may do what, and controls systemd. Forks nothing, faces no network.

Crash-only: the collector stores a record of everything that the engine must not lose. At every start the engine
rebuilds its table from the collector and from systemd. If it loses the bus or the collector, it exits and is started
again.

    frontends ──▶ control ──▶ requests ──▶ starts, stops, signalling, limiting, archive … ──▶ systemd, collector
        ▲                                    ╰──▶ jobtable ──▶ watchers                   D-Bus itself: bus, manager
        ╰──────── changes ──────────────────────────────────────╯
"""
