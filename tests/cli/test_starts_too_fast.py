"""`tasker start` and `tasker run` beyond the rate that the server allows: they wait, and say so."""

from __future__ import annotations

import json

from tests.support.stack import stack


def test_they_wait_and_say_so() -> None:
    with stack('[server]\n[owner]\nstarts = "1, 0.3/s"\n', frontend=True) as tasker:
        assert tasker.cli("start", "true").stderr == b""
        sentence = b"tasker: you start jobs faster than this server allows (tasker info): trying again in "
        started = tasker.cli("start", "true")
        assert (started.returncode, len(started.stdout.split())) == (0, 1)
        assert started.stderr.startswith(sentence)
        assert started.stderr.endswith(b"s, for up to 1m in all\n")
        ran = tasker.cli("run", "--", "echo", "hello")
        assert (ran.returncode, ran.stdout) == (0, b"hello\n")
        assert sentence in ran.stderr
        quiet = tasker.cli("start", "--json", "true")
        assert (quiet.returncode, quiet.stderr) == (0, b"")
        assert json.loads(quiet.stdout)["job"]["owner"] == "alice"
        assert b"your starts     1 at once, then 0.3 a second" in tasker.cli("info").stdout


def test_where_it_would_take_longer_they_say_after_how_long() -> None:
    with stack('[server]\n[owner]\nstarts = "1, 0.01/s"\n', frontend=True) as tasker:
        assert tasker.cli("start", "true").returncode == 0
        refused = tasker.cli("start", "true")
        assert (refused.returncode, refused.stdout) == (125, b"")
        assert refused.stderr.startswith(b"tasker: cannot start a job: alice may start 1 at once and 0.01 a second")
        assert b"([owner] starts); try again in 1m " in refused.stderr
