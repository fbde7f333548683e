"""The installed package on a real systemd, as root: what only that can show. For `tests/run system`, in the machine."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from tasker import certfiles
from tasker.client import Client
from tasker.errors import Reason, TaskerError
from tasker.identity import Role
from tasker.job import Job, JobSpec
from tasker.limits import Limits
from tests.support.waiting import DEADLINE, limit, until, until_equal

ETC = Path("/etc/tasker")
TOML = ETC / "tasker.toml"
ADDRESS = "localhost:8275"
MOST = 128
"""[server] connections, for tests of what happens when a frontend has many; above half of it, it ends some."""
NO_LIMITS = Limits()
_T = TypeVar("_T")
Configure = Callable[[str], None]


def run(*command: str, check: bool = True) -> str:
    """A command's stdout; its failure fails the test, with its stderr."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, check=False)
    assert done.returncode == 0 or not check, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def show(unit: str, name: str) -> str:
    """One property, as systemd has it."""
    return run("systemctl", "show", "--value", "-p", name, unit).strip()


def scopes() -> list[str]:
    """The jobs' units that are loaded."""
    lines = run("systemctl", "list-units", "--all", "--plain", "--no-legend", "tasker-*.scope").splitlines()
    return [line.split()[0] for line in lines]


def cgroup(job: Job) -> Path:
    return Path("/sys/fs/cgroup/tasker.slice") / job.slice / job.unit


def moment() -> str:
    """Now, for `since`. No cursor: of entries that match, systemd 252 leaves out the first after one that does not."""
    return f"@{time.time():.6f}"


def since(moment: str, *matches: str) -> str:
    """The messages of the journal since a moment. journald may still have to write the newest."""
    return run("journalctl", "-q", "-o", "cat", f"--since={moment}", *matches)


SERVING = ["active"] * 3


def states() -> list[str]:
    """What systemd says of the three services; SERVING when all are up and the port is open."""
    units = ("tasker.service", "tasker-collector.service", "tasker-frontend@1.service")
    return run("systemctl", "is-active", *units, check=False).split()


def until_serving() -> None:
    until_equal(states, SERVING)


def until_other_pid(unit: str, before: str) -> None:
    """Wait until a service that was killed runs again, as another process."""
    until(lambda: show(unit, "MainPID"), lambda pid: pid not in (before, "0"), f"{unit} is started again")


class User:
    """Somebody with a certificate, and a connection."""

    def __init__(self, name: str, role: Role) -> None:
        self.name = name
        self._stem = ETC / "clients" / name
        if not self._stem.with_suffix(".crt").exists():
            certfiles.new_client(ETC, name, role)
        self.client = self.connect()

    def connect(self) -> Client:
        certificate, key = (self._stem.with_suffix(end).read_bytes() for end in (".crt", ".key"))
        return Client(ADDRESS, ca=(ETC / "ca.crt").read_bytes(), certificate=certificate, key=key)

    def insist(self, ask: Callable[[Client], _T]) -> _T:
        """The answer of a new connection, once there is one: systemd may still call a killed service active."""

        def answer() -> _T | None:
            try:
                return ask(self.connect())
            except TaskerError as error:
                if error.reason is not Reason.UNAVAILABLE:
                    raise
                return None

        found = until(answer, what="the service answers")
        assert found is not None
        return found

    def start(self, *argv: str, limits: Limits = NO_LIMITS, **spec: object) -> Job:
        return self.client.start(JobSpec(argv, limits=limits, **spec))  # type: ignore[arg-type]

    def sh(self, script: str, limits: Limits = NO_LIMITS, **spec: object) -> Job:
        return self.start("sh", "-c", script, limits=limits, **spec)

    def output(self, job: Job) -> bytes:
        """All it prints, to its end."""
        with limit(f"the end of job {job.id}"):
            return b"".join(getattr(event, "data", b"") for event in self.client.attach(job.id))

    def wait(self, job: Job) -> Job:
        """The job, ended."""
        with limit(f"the end of job {job.id}"):
            *_, last = self.client.attach(job.id, last_bytes=0)
        return last.job  # type: ignore[union-attr]

    def first_line(self, job: Job) -> str:
        """Wait for the job to print one."""
        attachment = self.client.attach(job.id)
        data = b""
        with limit(f"a line of job {job.id}"):
            while b"\n" not in data:
                data += getattr(next(attachment), "data", b"")
        attachment.cancel()
        return data.split(b"\n")[0].decode()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "late(n): runs after the tests without this mark, in the order of the numbers")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: next((mark.args[0] for mark in item.iter_markers("late")), 0))


def install(package: str) -> None:
    """A package of this version, over the one that is there. tasker.toml stays as the tests have written it."""
    options = ("-o", "Dpkg::Use-Pty=0", "-o", "Dpkg::Options::=--force-confold")
    run("apt-get", "-qq", *options, "install", "-y", "--reinstall", package)


@pytest.fixture(scope="session")
def service() -> None:
    """Tasker runs, as `systemctl enable --now tasker` leaves it. The ring is one that a slow reader keeps up with, and
    there is memory for one of that size whatever else runs; admins may start jobs as root. A reload may add other
    sections. test_isolation.py has a test of the shipped default."""
    text = '[jobs]\nas_others = true\n[output]\nring = "64M"\nmemory = "none"\n'
    TOML.write_text(text)
    run("systemctl", "enable", "--now", "tasker")
    until_serving()


@pytest.fixture
def configure(service: None) -> Iterator[Configure]:
    """More of a configuration, in force when it returns; and without it in the end."""
    before = TOML.read_text()

    def reload(text: str) -> None:
        TOML.write_text(before + text)
        run("systemctl", "reload", "tasker")

    yield reload
    reload("")


@pytest.fixture
def few(service: None) -> Iterator[None]:
    """Frontends that take MOST connections."""
    before = TOML.read_text()
    try:
        TOML.write_text(f"{before}[server]\nconnections = {MOST}\n")
        _restart_frontends()
        yield
    finally:
        TOML.write_text(before)
        _restart_frontends()


def _restart_frontends() -> None:
    run("systemctl", "reload", "tasker")
    run("systemctl", "restart", "tasker-frontend@*.service")
    until_serving()


@pytest.fixture(scope="session")
def alice(service: None) -> User:
    return User("alice", Role.USER)


@pytest.fixture(scope="session")
def bob(service: None) -> User:
    return User("bob", Role.USER)


@pytest.fixture(scope="session")
def admin(service: None) -> User:
    return User("root", Role.ADMIN)


@pytest.fixture(autouse=True)
def tidy(service: None, admin: User) -> Iterator[None]:
    """No test leaves a job to the next."""
    yield
    until_serving()
    for job in admin.client.list(running=True):
        admin.client.stop(job.id, grace=0)
    assert scopes() == []
