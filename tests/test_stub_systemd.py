"""The stub keeps to what was measured of the real systemd: its signatures, its errors, its order of events."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from dbus_next.aio.message_bus import MessageBus
from dbus_next.constants import MessageType
from dbus_next.message import Message
from dbus_next.signature import Variant

from tests.stub.control import StubSystemd, forge_job_removed, stub_systemd
from tests.stub.process import job_of
from tests.stub.settings import MANAGER, NAME, PROPERTIES, ROOT, SCOPE, UNIT
from tests.support.waiting import DEADLINE, limit

JOB = f"k{os.getpid()}"  # its own: another run of this test may be going on
UNIT_NAME = f"tasker-{JOB}.scope"


@pytest.fixture
def stub() -> Iterator[StubSystemd]:
    with tempfile.TemporaryDirectory(prefix="stub") as directory, stub_systemd(Path(directory)) as running:
        yield running


@pytest.fixture
def leader() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "600"], process_group=0, env={"TASKER_JOB": JOB}) as process:
        yield process
        process.kill()


class Client:
    """A bus connection that keeps what it hears."""

    def __init__(self, bus: MessageBus) -> None:
        self.bus = bus
        self.heard: list[Message] = []
        self.news = asyncio.Event()
        bus.add_message_handler(self.hear)

    def hear(self, message: Message) -> None:
        if message.message_type is MessageType.SIGNAL:
            self.heard.append(message)
            self.news.set()

    async def call(
        self, member: str, signature: str = "", *body: Any, path: str = ROOT, interface: str = MANAGER
    ) -> Any:
        reply = await self.bus.call(Message(NAME, path, interface, member, signature=signature, body=list(body)))
        assert reply is not None
        if reply.message_type is MessageType.ERROR:
            raise LookupError(reply.error_name)
        return reply.body[0] if reply.body else None

    async def get(self, path: str, interface: str, name: str) -> Any:
        value = await self.call("Get", "ss", interface, name, path=path, interface=PROPERTIES)
        return value.value

    async def start(self, pid: int, **properties: Variant) -> str:
        settings = {
            "PIDs": Variant("au", [pid]),
            "Slice": Variant("s", r"tasker-alice\x2dsmith.slice"),
            "CollectMode": Variant("s", "inactive-or-failed"),
        } | properties
        body = [UNIT_NAME, "fail", [[name, value] for name, value in settings.items()], []]
        job: str = await self.call("StartTransientUnit", "ssa(sv)a(sa(sv))", *body)
        return job

    async def until(self, member: str) -> Message:
        """The first message with this member, already heard or not."""
        while True:
            for message in self.heard:
                if message.member == member:
                    return message
            self.news.clear()
            await asyncio.wait_for(self.news.wait(), DEADLINE)

    async def until_state(self, path: str, state: str) -> None:
        """Look again at every message."""
        while True:
            self.news.clear()
            if await self.get(path, UNIT, "ActiveState") == state:
                return
            await asyncio.wait_for(self.news.wait(), DEADLINE)


def on_bus(stub: StubSystemd, test: Callable[[Client], Awaitable[None]]) -> None:
    async def run() -> None:
        bus = await MessageBus(bus_address=stub.address).connect()
        client = Client(bus)
        rule = f"type='signal',sender='{NAME}'"
        await bus.call(
            Message(
                *("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "AddMatch"),
                signature="s",
                body=[rule],
            )
        )
        await client.call("Subscribe")
        await test(client)
        bus.disconnect()

    with limit("the end of this conversation"):
        asyncio.run(run())


def test_the_end_of_the_start_comes_before_its_reply(stub: StubSystemd, leader: subprocess.Popen[bytes]) -> None:
    async def test(client: Client) -> None:
        job = await client.start(
            leader.pid,
            CPUQuotaPerSecUSec=Variant("t", 1_500_000),
            MemoryMax=Variant("t", (64 << 20) + 1),
            TasksMax=Variant("t", 17),
        )
        removed = [m.body for m in client.heard if m.member == "JobRemoved"]
        assert removed == [[int(job.rpartition("/")[2]), job, UNIT_NAME, "done"]]
        path = await client.call("GetUnit", "s", UNIT_NAME)
        assert path == f"{ROOT}/unit/tasker_2d{JOB}_2escope"
        assert await client.get(path, UNIT, "ActiveState") == "active"
        group = await client.get(path, SCOPE, "ControlGroup")
        assert group == rf"/tasker.slice/tasker-alice\x2dsmith.slice/{UNIT_NAME}"
        directory = stub.cgroups / group[1:]
        files = ("cgroup.procs", "cgroup.events", "cpu.max", "memory.max", "memory.high", "pids.max")
        assert [(directory / file).read_text() for file in files] == [
            *(f"{leader.pid}\n", "populated 1\nfrozen 0\n", "150000 100000\n", f"{64 << 20}\n", "max\n", "17\n"),
        ]

    on_bus(stub, test)


def test_the_reply_first(stub: StubSystemd, leader: subprocess.Popen[bytes]) -> None:
    async def test(client: Client) -> None:
        stub.plan(hold="removed")
        await client.start(leader.pid)
        assert not [m for m in client.heard if m.member == "JobRemoved"]
        assert stub.units[UNIT_NAME]["pids"] == []
        stub.do("release")
        assert (await client.until("JobRemoved")).body[3] == "done"
        assert stub.units[UNIT_NAME]["pids"] == [leader.pid]

    on_bus(stub, test)


@pytest.mark.parametrize("how", ["exit", "kill file", "stop"])
def test_an_end_empties_the_scope_and_a_reference_keeps_it(
    how: str, stub: StubSystemd, leader: subprocess.Popen[bytes]
) -> None:
    """Children that left the group are found by their environment; the leader stays a zombie all the time."""
    child = subprocess.Popen(["sleep", "600"], start_new_session=True, env={"TASKER_JOB": JOB})

    async def test(client: Client) -> None:
        await client.start(leader.pid, AddRef=Variant("b", True))
        path = await client.call("GetUnit", "s", UNIT_NAME)
        assert stub.units[UNIT_NAME]["pids"] == sorted([leader.pid, child.pid])
        directory = stub.cgroup(UNIT_NAME)
        if how == "exit":
            leader.kill()
            child.kill()
        elif how == "kill file":
            (directory / "cgroup.kill").write_text("1")
        else:
            await client.call("StopUnit", "ss", UNIT_NAME, "replace")
        await client.until_state(path, "inactive")
        assert not directory.exists()
        assert await client.get(path, SCOPE, "Result") == "success"
        assert not [m for m in client.heard if m.member == "UnitRemoved"]
        await client.call("UnrefUnit", "s", UNIT_NAME)
        await client.until("UnitRemoved")
        with pytest.raises(LookupError, match="NoSuchUnit"):
            await client.call("GetUnit", "s", UNIT_NAME)
        assert await client.get(path, UNIT, "LoadState") == "not-found"

    on_bus(stub, test)
    child.kill()
    child.wait(DEADLINE)


def test_out_of_memory_and_run_time_are_results(stub: StubSystemd, leader: subprocess.Popen[bytes]) -> None:
    second = subprocess.Popen(["sleep", "600"], process_group=0)

    async def test(client: Client) -> None:
        await client.start(leader.pid, AddRef=Variant("b", True), RuntimeMaxUSec=Variant("t", 1000))
        path = f"{ROOT}/unit/tasker_2d{JOB}_2escope"
        await client.until_state(path, "failed")
        assert await client.get(path, SCOPE, "Result") == "timeout"
        await client.call("UnrefUnit", "s", UNIT_NAME)
        await client.start(second.pid, AddRef=Variant("b", True))
        stub.do("oom", unit=UNIT_NAME)
        await client.until_state(path, "failed")
        assert await client.get(path, SCOPE, "Result") == "oom-kill"

    on_bus(stub, test)
    assert second.wait(DEADLINE) == -signal.SIGKILL


def test_refusals_of_a_real_systemd(stub: StubSystemd, leader: subprocess.Popen[bytes]) -> None:
    async def test(client: Client) -> None:
        with pytest.raises(LookupError, match="AlreadySubscribed"):
            await client.call("Subscribe")
        for name, value in (("NoNewPrivileges", Variant("b", True)), ("LimitNOFILE", Variant("t", 1))):
            with pytest.raises(LookupError, match="PropertyReadOnly"):
                await client.start(leader.pid, **{name: value})
        with pytest.raises(LookupError, match="InvalidArgs"):
            await client.start(leader.pid, Slice=Variant("s", "tasker-a b.slice"))
        with pytest.raises(LookupError, match="InvalidArgs"):
            await client.start(leader.pid, MemoryMax=Variant("u", 1))
        stub.plan(error=f"{NAME}.LoadFailed")
        with pytest.raises(LookupError, match="LoadFailed"):
            await client.start(leader.pid)
        await client.start(leader.pid)
        with pytest.raises(LookupError, match="UnitExists"):
            await client.start(leader.pid)
        assert len(stub.calls) == 7

    on_bus(stub, test)


def test_a_reaped_leader_fails_and_a_zombie_stays_active(stub: StubSystemd, leader: subprocess.Popen[bytes]) -> None:
    leader.kill()
    os.waitid(os.P_PID, leader.pid, os.WEXITED | os.WNOWAIT)

    async def test(client: Client) -> None:
        await client.start(leader.pid)
        assert stub.units[UNIT_NAME]["active"] == "active"
        assert (stub.cgroup(UNIT_NAME) / "cgroup.events").read_text().startswith("populated 0")
        await client.call("StopUnit", "ss", UNIT_NAME, "replace")
        leader.wait(DEADLINE)
        client.heard.clear()
        await client.start(leader.pid)
        assert (await client.until("JobRemoved")).body[3] == "failed"
        assert UNIT_NAME not in stub.units

    on_bus(stub, test)


def test_reload_and_reexec(stub: StubSystemd, leader: subprocess.Popen[bytes]) -> None:
    async def test(client: Client) -> None:
        await client.start(leader.pid)
        before = stub.do("name")
        client.heard.clear()
        stub.do("reload")
        await client.until("UnitRemoved")
        assert next(m.body for m in client.heard if m.member == "Reloading") == [True]
        stub.plan(hold="call")
        call = asyncio.ensure_future(client.start(leader.pid))
        await asyncio.sleep(0)  # the call is written, and then one that is answered after it was taken
        await client.get(ROOT, MANAGER, "Version")
        assert len(stub.calls) == 2
        stub.do("reexec")
        with pytest.raises(LookupError, match="NoReply"):
            await call
        assert stub.do("name") != before
        path = await client.call("GetUnit", "s", UNIT_NAME)
        assert await client.get(path, UNIT, "ActiveState") == "active"

    on_bus(stub, test)


def test_a_client_that_goes_gives_up_its_references(stub: StubSystemd, leader: subprocess.Popen[bytes]) -> None:
    async def test(client: Client) -> None:
        other = await MessageBus(bus_address=stub.address).connect()
        await Client(other).start(leader.pid, AddRef=Variant("b", True))
        assert stub.units[UNIT_NAME]["refs"] == [other.unique_name]
        other.disconnect()
        leader.kill()
        await client.until("UnitRemoved")

    on_bus(stub, test)


def test_anybody_can_forge_a_signal(stub: StubSystemd) -> None:
    async def test(client: Client) -> None:
        other = await MessageBus(bus_address=stub.address).connect()
        assert client.bus.unique_name is not None
        await forge_job_removed(other, client.bus.unique_name, f"{ROOT}/job/7", UNIT_NAME)
        forged = await client.until("JobRemoved")
        assert forged.sender == other.unique_name
        assert forged.body == [7, f"{ROOT}/job/7", UNIT_NAME, "done"]
        other.disconnect()

    on_bus(stub, test)


def test_what_has_other_jobs_is_never_signalled(stub: StubSystemd, leader: subprocess.Popen[bytes]) -> None:
    """A leader without a group of its own does not take this test's group with it."""
    code = "import sys; print('x', flush=True); sys.stdin.read()"
    with (
        subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as bystander,
        subprocess.Popen(["sleep", "600"]) as in_our_group,
    ):

        async def test(client: Client) -> None:
            await client.start(in_our_group.pid)
            (stub.cgroup(UNIT_NAME) / "cgroup.kill").write_text("1")
            await client.until("UnitRemoved")

        on_bus(stub, test)
        assert in_our_group.wait(DEADLINE) == -signal.SIGKILL
        assert bystander.poll() is None
        assert bystander.stdin is not None
        bystander.stdin.close()


@pytest.mark.parametrize("environment", [{"TASKER_JOB": JOB}, {}], ids=["of a job", "empty"])
def test_a_process_is_the_jobs_while_it_is_executed_too(environment: dict[str, str]) -> None:
    """Within execve() /proc/PID/environ reads empty for a moment; subprocess.Popen returns before that is over."""
    for _ in range(300):
        with subprocess.Popen(["/bin/sleep", "600"], env=environment) as process:
            assert job_of(process.pid) == environment.get("TASKER_JOB")
            process.kill()
