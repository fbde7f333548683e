"""WaitJob through real frontend, engine and collector, and what happens to them meanwhile.

One call each: that the client's `wait` asks again is tested with the client.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator

import pytest

from tasker.client import Client, calls
from tasker.errors import Reason, TaskerError
from tasker.frontend.guard import CALLS_PER_USER
from tasker.job import Job, Kind, Outcome
from tests.support.stack import ALICE, Stack, stack
from tests.support.waiting import join, until


@pytest.fixture
def tasker() -> Iterator[Stack]:
    with stack(frontend=True) as tasker:
        yield tasker
        assert "Traceback" not in tasker.engine.log + tasker.frontend.log, tasker.engine.log + tasker.frontend.log


def waiting(client: Client) -> Callable[[str], Job]:
    """One WaitJob."""
    return lambda job: client._exchange(calls.wait(job))


class Waiter:
    """Somebody who waits, in a thread."""

    def __init__(self, wait: Callable[[str], Job], job: Job) -> None:
        self.outcome: Outcome | None = None
        self.error: TaskerError | None = None
        self._wait, self._job = wait, job
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.outcome = self._wait(self._job.id).outcome
        except TaskerError as error:
            self.error = error

    def ended(self) -> Waiter:
        join(self._thread)
        return self


def all_wait(tasker: Stack, wait: Callable[[str], Job], job: Job, name: str) -> list[Waiter]:
    """As many as one user may have, and all of them have arrived: one more is refused."""
    waiters = [Waiter(wait, job) for _ in range(CALLS_PER_USER)]
    until(lambda: one_more(tasker, name) is Reason.EXHAUSTED)
    return waiters


def one_more(tasker: Stack, name: str) -> Reason:
    """Why somebody is refused who waits for a job that is not there."""
    with contextlib.closing(tasker.client(name)) as client, pytest.raises(TaskerError) as caught:
        waiting(client)("nothing-there")
    return caught.value.reason


def test_everybody_may_wait_and_learns_how_it_ended(tasker: Stack) -> None:
    job = tasker.start_job("sleep", "60", caller=ALICE)
    clients = [tasker.client(name) for name in ("alice", "bob", "carol")]
    waiters = [Waiter(waiting(client), job) for client in clients for _ in range(10)]
    clients[0].signal(job.id, signal.SIGKILL)
    assert {waiter.ended().outcome for waiter in waiters} == {
        Outcome(Kind.SIGNALLED, signal=signal.SIGKILL, stopped_by="alice")
    }
    for client in clients:
        client.close()


def test_past_the_places_of_one_user_others_still_wait_and_everything_else_is_served(tasker: Stack) -> None:
    job = tasker.start_job("sleep", "60", caller=ALICE)
    with contextlib.closing(tasker.client("alice")) as alice, contextlib.closing(tasker.client("bob")) as bob:
        waiters = all_wait(tasker, waiting(alice), job, "alice")
        assert one_more(tasker, "bob") is Reason.NOT_FOUND
        waiters.append(Waiter(waiting(bob), job))
        assert alice.stop(job.id, grace=0).outcome is not None
        assert {waiter.ended().error for waiter in waiters} == {None}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_it_goes_on_over_a_restart_of_the_engine(tasker: Stack, number: signal.Signals) -> None:
    job = tasker.start_job("sleep", "60", caller=ALICE)
    with contextlib.closing(tasker.client("bob")) as bob, contextlib.closing(tasker.client("alice")) as alice:
        waiters = all_wait(tasker, waiting(bob), job, "bob")
        tasker.engine.restart(number)
        alice.signal(job.id, signal.SIGTERM)
        assert {waiter.ended().outcome for waiter in waiters} == {
            Outcome(Kind.SIGNALLED, signal=signal.SIGTERM, stopped_by="alice")
        }


def test_a_frontend_that_goes_says_so_and_it_is_asked_again(tasker: Stack) -> None:
    job = tasker.start_job("sleep", "60", caller=ALICE)
    with contextlib.closing(tasker.client("bob")) as bob, contextlib.closing(tasker.client("alice")) as alice:
        waiters = all_wait(tasker, waiting(bob), job, "bob")
        tasker.frontend.restart()
        errors = [waiter.ended().error for waiter in waiters]
        assert {error.reason for error in errors if error} == {Reason.UNAVAILABLE}
        assert all(error and error.message.startswith("cannot answer: this server is restarting") for error in errors)
        again = Waiter(waiting(bob), job)
        alice.stop(job.id, grace=0)
        assert again.ended().outcome is not None


def test_at_the_end_of_the_run_everybody_learns_of_it(tasker: Stack) -> None:
    job = tasker.start_job("sleep", "60", caller=ALICE)
    with contextlib.closing(tasker.client("bob")) as bob:
        waiters = all_wait(tasker, waiting(bob), job, "bob")
        tasker.systemd.do("service_job", kind="stop")
        tasker.engine.end()
        assert {waiter.ended().outcome for waiter in waiters} == {Outcome(Kind.RUN_ENDED, signal=signal.SIGTERM)}
