"""A collector that logs the owner of each launch; with --old, one from before it understood Launch.owner.

    python -m tests.old_collector [--old] --socket PATH

A package upgrade restarts the engine and leaves the collector as it is.
"""

from __future__ import annotations

import sys

from tasker import wire
from tasker.collector import __main__ as main
from tasker.collector.connection import Connection
from tasker.collector.control import Control, Reply


class Logging(Control):
    def _launch(self, connection: Connection, request: wire.Launch) -> Reply:
        print(f"owner {request.owner!r}", file=sys.stderr, flush=True)
        return super()._launch(connection, request)


class Old(Logging):
    def _hello(self, hello: wire.Hello) -> Reply:
        return wire.Welcome(wire.COLLECTOR_VERSION, self._run), ()

    def _launch(self, connection: Connection, request: wire.Launch) -> Reply:
        if request.owner:  # an unknown field is no message
            connection.close()
            return None
        return super()._launch(connection, request)


if __name__ == "__main__":
    old = "--old" in sys.argv
    if old:
        sys.argv.remove("--old")
    main.Control = Old if old else Logging  # type: ignore[attr-defined]
    main.main()
