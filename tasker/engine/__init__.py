"""The engine: holds the job table, decides who may do what, and asks systemd. Forks nothing, faces no network.

Crash-only: whatever it must not forget, the collector keeps for it as a record; at every start it rebuilds its table
from the collector and from systemd. Where the bus or the collector is lost, it ends and is started again.

    frontends ──▶ control ──▶ requests ──▶ jobs, stops, signals, pausing, limiting, archive … ──▶ systemd, collector
        ▲                                    ╰──▶ table ──▶ watchers                        D-Bus itself: bus, manager
        ╰──────── what is new ───────────────────────────────╯
"""
