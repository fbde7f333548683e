"""Every row of the access table, over the wire, by an owner, another user and an admin."""

from __future__ import annotations

import signal
import socket
import ssl
from collections.abc import Callable

import pytest

from tasker.client import Client
from tasker.errors import Reason, TaskerError
from tasker.job import Job, JobSpec
from tasker.limits import Limits
from tasker.policy import ACCESS, Who
from tests.support.waiting import DEADLINE, until
from tests.system.conftest import ETC, User, run


def attach(client: Client, job: Job) -> None:
    for _ in client.attach(job.id, follow=False):
        pass


def watch(client: Client, job: Job) -> None:
    news = client.watch(job=job.id)
    next(news)
    news.cancel()


def environment(client: Client, job: Job) -> None:
    if client.get(job.id).spec.environment != {"SECRET": "hidden"}:
        raise TaskerError(Reason.DENIED, "cannot see it")


ACTIONS: dict[str, Callable[[Client, Job], object]] = {
    "list": lambda client, job: next(found for found in client.list() if found.id == job.id),
    "get": lambda client, job: client.get(job.id),
    "start": lambda client, _: client.start(JobSpec(("true",))),
    "start at": lambda client, _: client.start(JobSpec(("true",), nice=-1)),
    "start as": lambda client, _: client.start(JobSpec(("true",), user="root")),
    "see environment": environment,
    "attach": attach,
    "detach": lambda client, job: client.detach(job.id),
    "stop": lambda client, job: client.stop(job.id, grace=0),
    "limit": lambda client, job: client.limit(job.id, Limits(tasks=100)),
    "signal": lambda client, job: client.signal(job.id, signal.SIGCONT),
    "pause": lambda client, job: client.pause(job.id),
    "resume": lambda client, job: client.resume(job.id),
    "archive": lambda client, job: client.archive(job.id),
    "wait": lambda client, job: client.wait(job.id),
    "watch": watch,
    "info": lambda client, _: client.info(),
}
AFTER_ITS_END = ("archive", "wait")


@pytest.mark.parametrize("action", ACCESS)
def test_a_row_of_the_table(action: str, alice: User, bob: User, admin: User) -> None:
    job = alice.start("sleep", "600", environment={"SECRET": "hidden"})
    if action in AFTER_ITS_END:
        alice.client.stop(job.id, grace=0)
    may = {Who.EVERYBODY: (alice, bob, admin), Who.OWNER: (alice, admin), Who.ADMIN: (admin,)}[ACCESS[action]]
    for user in (bob, alice, admin):  # the owner last but one: a stop that is allowed ends it
        if user in may:
            ACTIONS[action](user.client, job)
        else:
            with pytest.raises(TaskerError) as caught:
                ACTIONS[action](user.client, job)
            assert caught.value.reason is Reason.DENIED


def test_without_a_certificate_nobody_gets_in() -> None:
    context = ssl.create_default_context(cafile=str(ETC / "ca.crt"))
    context.set_alpn_protocols(["h2"])
    with (
        socket.create_connection(("localhost", 8275), timeout=DEADLINE) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as tls,
    ):
        assert told(tls) in ("refused", "closed")


def told(tls: ssl.SSLSocket) -> str:
    """What comes of a connection. TLS 1.3 tells a client that it has no certificate only when it reads."""
    try:
        return "served" if tls.recv(1) else "closed"
    except (ssl.SSLError, ConnectionError):
        return "refused"


def test_tls_1_2_is_refused() -> None:
    context = ssl.create_default_context(cafile=str(ETC / "ca.crt"))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with (
        socket.create_connection(("localhost", 8275), timeout=DEADLINE) as plain,
        pytest.raises((ssl.SSLError, ConnectionError)),
        context.wrap_socket(plain, server_hostname="localhost"),
    ):
        pass


def test_roots_certificate_works_at_once() -> None:
    assert run("tasker", "list").startswith("ID ")


def test_a_local_user_cannot_send_the_engine_a_signal() -> None:
    """The shipped policy: the bus itself keeps it back. Root's gets through, and is ignored for not being systemd's."""
    emit = ["busctl", "emit", "--destination=org.tasker.Engine", "/org/freedesktop/systemd1"]
    emit += ["org.freedesktop.systemd1.Manager", "Reloading", "b", "false"]

    def ignored() -> int:
        return run("journalctl", "-u", "tasker", "-o", "cat").count("which does not own org.freedesktop.systemd1")

    before = ignored()
    run("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *emit, check=False)
    run(*emit)
    until(ignored, lambda count: count > before)
    assert ignored() == before + 1
