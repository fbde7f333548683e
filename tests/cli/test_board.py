"""News of jobs: what is different, and how that is said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tasker.cli.show.changes import Board, Difference, as_json, happenings, lines, present
from tasker.client.watching import Changed, Forgotten, News, Snapshot, Used
from tasker.job import Job, JobSpec, Kind, Outcome
from tasker.lifecycle import State
from tasker.limits import Limits
from tasker.usage import JobUsage, Usage
from tests.cli.jobs import RUNNING, ended

OTHER = replace(RUNNING, id="aaaaaaaa", spec=JobSpec(("make",)))
PAUSED = replace(RUNNING, state=State.PAUSED)


def board(*news: News) -> Board:
    whole = Board()
    for one in news:
        whole.take(one)
    return whole


def test_a_snapshot_in_parts() -> None:
    parts = Snapshot((RUNNING,), True, False), Snapshot((OTHER,), False, True)
    whole = board(parts[0])
    assert (whole.complete, whole.jobs) == (False, {})
    assert whole.take(parts[1]) == [Difference(None, RUNNING), Difference(None, OTHER)]
    assert (whole.complete, list(whole.jobs)) == (True, [RUNNING.id, OTHER.id])


def test_of_a_new_snapshot_only_the_differences() -> None:
    archived = ended(id="bbbbbbbb", archived=True)
    whole = board(Snapshot((RUNNING, OTHER, archived), True, True), Used((JobUsage(OTHER.id, Usage(1.0)),)))
    assert whole.take(Snapshot((PAUSED,), True, True)) == [Difference(OTHER, None), Difference(RUNNING, PAUSED)]
    assert whole.usages == {}
    assert whole.take(Snapshot((PAUSED,), True, True)) == []


def test_changes() -> None:
    whole = board(Snapshot((RUNNING,), True, True))
    assert whole.take(Changed(PAUSED)) == [Difference(RUNNING, PAUSED)]
    assert whole.take(Used((JobUsage(RUNNING.id, Usage(1.0)), JobUsage("unknown0", Usage(1.0))))) == []
    assert list(whole.usages) == [RUNNING.id]
    whole.take(Changed(ended()))
    assert whole.usages == {}
    assert whole.take(Forgotten(RUNNING.id)) == [Difference(ended(), None)]
    assert whole.take(Forgotten(RUNNING.id)) == []


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (None, replace(RUNNING, state=State.STARTING), []),
        (None, RUNNING, ["started: nap: sleep 60"]),
        (replace(RUNNING, state=State.STARTING), RUNNING, ["started: nap: sleep 60"]),
        (None, OTHER, ["started: make"]),
        (None, PAUSED, ["started: nap: sleep 60; paused"]),
        (None, ended(), ["started: nap: sleep 60; exited with code 0 after 3.5s"]),
        (RUNNING, replace(RUNNING, followers=2, revision=9), []),
        (RUNNING, PAUSED, ["paused"]),
        (PAUSED, RUNNING, ["resumed"]),
        (RUNNING, replace(RUNNING, state=State.STOPPING), ["stopping"]),
        (RUNNING, replace(RUNNING, state=State.STOPPING, stopping_by="bob"), ["stopping, requested by bob"]),
        (None, replace(OTHER, state=State.STOPPING, stopping_by="bob"), ["started: make; stopping, requested by bob"]),
        (RUNNING, replace(RUNNING, state=State.ENDING), []),
        (RUNNING, ended(Outcome(Kind.STOPPED, stopped_by="bob")), ["stopped by bob after 3.5s"]),
        (
            RUNNING,
            ended(Outcome(Kind.OUT_OF_MEMORY, verdict="killed: out of memory, limit 512M reached 3 times")),
            ["killed: out of memory, limit 512M reached 3 times"],
        ),
        (RUNNING, replace(RUNNING, limits=Limits(memory=1 << 30)), ["limits changed: memory none → 1G"]),
        (ended(), ended(archived=True), ["archived"]),
        (ended(), None, ["forgotten"]),
    ],
)
def test_what_happened(before: Job | None, after: Job | None, said: list[str]) -> None:
    assert happenings(Difference(before, after)) == said


def test_lines_are_harmless() -> None:
    nasty = replace(RUNNING, id="\x1b[2Jk", owner="\x07o", spec=JobSpec(("\x1b]0;t\x07",), name="\n"))
    (line,) = lines(Difference(None, nasty), 0.0)
    assert line.plain.isprintable()
    assert present(nasty).isprintable()
    assert "\x07" not in present(replace(nasty, state=State.STOPPING, stopping_by="\x07"))


@pytest.mark.parametrize(
    ("news", "key", "message"),
    [
        (Snapshot((RUNNING,), True, False), "snapshot", "Snapshot"),
        (Changed(RUNNING), "changed", "Job"),
        (Used((JobUsage("k", Usage(1.0)),)), "usage", "UsageSample"),
    ],
)
def test_json_has_the_keys_of_the_api(news: News, key: str, message: str) -> None:
    from tasker.api.v1 import tasker_pb2 as pb

    said: dict[str, Any] = as_json(news)
    assert list(said) == [key]
    assert set(said[key]) == {field.name for field in getattr(pb, message).DESCRIPTOR.fields}
    assert key in pb.WatchJobsResponse.DESCRIPTOR.fields_by_name
    assert as_json(Forgotten("k")) == {"forgotten": "k"}
