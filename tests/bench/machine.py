"""StartJob against `systemd-run --scope`, on a real systemd, in one run. As root, where Tasker is installed and runs:

    tests/run system --keep        leaves the machine `test` up; then, in it (python3 -m tests.machine ssh --name test):
    cd /opt/tests && PYTHONPATH=/opt/tests/site:/usr/lib/tasker python3 -m tests.bench.machine

Both make a scope, run `true` in it and return. Nothing is asserted.
"""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable

from tasker.identity import Role
from tests.system.conftest import User

ROUNDS = 25


def main() -> None:
    user = User("bench", Role.USER)

    def tasker() -> None:
        user.start("true")

    def systemd_run() -> None:
        subprocess.run(["systemd-run", "--quiet", "--scope", "true"], check=True, stderr=subprocess.DEVNULL)

    calls: dict[str, Callable[[], None]] = {"StartJob": tasker, "systemd-run --scope": systemd_run}
    times: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(ROUNDS + 2):
        for name, call in calls.items():
            begun = time.monotonic()
            call()
            if turn >= 2:  # the first two warm up
                times[name].append(time.monotonic() - begun)
    medians = {name: statistics.median(seconds) for name, seconds in times.items()}
    for name, seconds in times.items():
        print(f"{name:<20} {1000 * medians[name]:7.1f} ms (median of {ROUNDS}; {1000 * min(seconds):.1f} at best)")
    print(f"StartJob takes {medians['StartJob'] / medians['systemd-run --scope']:.2f} times as long")


if __name__ == "__main__":
    main()
