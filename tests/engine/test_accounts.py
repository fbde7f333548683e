"""Whom a job runs as. Of a real passwd: the accounts of this machine that any Debian has, and who is none."""

from __future__ import annotations

import asyncio
import json
import pwd
import resource
import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tasker import config, wire
from tasker.engine.accounts import Accounts
from tasker.errors import Reason, TaskerError
from tasker.job import JobSpec
from tests.engine.conftest import as_others
from tests.engine.test_start import refused
from tests.support.stack import ALICE, AS_OTHERS, BOB, ROOT, Stack
from tests.support.waiting import DEADLINE


def of(tmp_path: Path, text: str) -> Accounts:
    return Accounts(tmp_path / "uids", config.parse(text))


@pytest.mark.parametrize("name", ["root", "daemon", "nobody"])
def test_a_mapping_to_an_account_of_the_systems_is_refused(tmp_path: Path, name: str) -> None:
    accounts = of(tmp_path, f'[server]\ncontact = "Carol"\n[accounts]\nalice = "{name}"\n')
    with pytest.raises(
        TaskerError, match=rf"as {name}, as \[accounts\] alice .* a system account; ask Carol"
    ) as caught:
        asyncio.run(accounts.of_owner("alice"))
    assert caught.value.reason is Reason.REFUSED
    assert asyncio.run(accounts.own("alice")) is None
    assert asyncio.run(accounts.of_owner("bob")).uid == config.JobsSection().first_uid


def test_a_mapping_to_nobody_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TaskerError, match=r"as gone, as \[accounts\] alice .* no such account on this machine"):
        asyncio.run(of(tmp_path, '[accounts]\nalice = "gone"\n').of_owner("alice"))


def test_a_mapping_gives_the_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not every machine has a person's account, but each has this one's."""
    monkeypatch.setattr("tasker.engine.accounts.FIRST_PERSON", 1)
    daemon = asyncio.run(of(tmp_path, '[accounts]\nalice = "daemon"\n').of_owner("alice"))
    assert (daemon.name, daemon.uid) == ("daemon", pwd.getpwnam("daemon").pw_uid)


def test_a_new_range_is_for_new_owners(tmp_path: Path) -> None:
    accounts = of(tmp_path, "[jobs]\nfirst_uid = 200000\nuids = 1\n")
    assert asyncio.run(accounts.of_owner("alice")).uid == 200_000
    with pytest.raises(TaskerError, match="cannot assign a uid to bob: all 1 of the reserved range are in use"):
        asyncio.run(accounts.of_owner("bob"))
    accounts.config = config.parse("[jobs]\nfirst_uid = 300000\nuids = 2\n")
    assert asyncio.run(accounts.of_owner("bob")).uid == 300_000
    assert asyncio.run(accounts.of_owner("alice")).uid == 200_000


def test_a_full_disk_gives_no_uid_and_leaves_no_half_line(tmp_path: Path) -> None:
    accounts = of(tmp_path, "")
    first = asyncio.run(accounts.of_owner("alice")).uid
    ledger = tmp_path / "uids"
    room = ledger.stat().st_size + 5
    signals, sizes = signal.signal(signal.SIGXFSZ, signal.SIG_IGN), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, sizes[1]))
    try:
        with pytest.raises(TaskerError, match=r"cannot assign a uid to bob: .* free space there") as caught:
            asyncio.run(accounts.of_owner("bob"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, sizes)
        signal.signal(signal.SIGXFSZ, signals)
    assert caught.value.reason is Reason.EXHAUSTED
    assert ledger.read_text() == f"{first} alice\n"
    assert asyncio.run(accounts.of_owner("bob")).uid == first + 1
    assert asyncio.run(of(tmp_path, "").of_owner("bob")).uid == first + 1


def test_two_starts_at_once_of_a_new_owner_get_the_same_uid(tmp_path: Path) -> None:
    accounts = of(tmp_path, "")

    async def main() -> set[int]:
        return {account.uid for account in await asyncio.gather(*(accounts.of_owner("alice") for _ in range(8)))}

    (uid,) = asyncio.run(main())
    assert (tmp_path / "uids").read_text() == f"{uid} alice\n"


def test_a_name_service_that_takes_its_time_holds_up_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = threading.Event()

    def slow(name: str) -> pwd.struct_passwd:
        assert answer.wait(DEADLINE)
        raise KeyError(name)

    monkeypatch.setattr(pwd, "getpwnam", slow)

    async def main() -> None:
        asked = asyncio.ensure_future(of(tmp_path, "").own("alice"))
        await asyncio.wait([asked], timeout=0)
        answer.set()  # the loop comes here
        assert await asked is None

    asyncio.run(main())


# ── a person's account ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def passwd(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str, int], None]:
    """Say which uid an account has, since no machine has them all."""

    def add(name: str, uid: int) -> None:
        entry = pwd.struct_passwd((name, "x", uid, uid, "", "/", "/bin/sh"))
        monkeypatch.setattr(pwd, "getpwnam", lambda asked: {name: entry}[asked])

    monkeypatch.setattr("tasker.engine.accounts.LOGIN_DEFS", tmp_path / "login.defs")
    return add


@pytest.mark.parametrize(
    ("uid", "by_name", "by_mapping"),
    [
        *((0, False, False), (999, False, False), (1000, True, True), (60_000, True, True), (60_001, True, True)),
        *((60_513, True, True), (60_514, False, True), (61_184, False, True), (65_534, False, False)),
        *((100_000, False, True), (1_234_567_890, False, True)),
    ],
)
def test_whose_account_is_a_persons(
    tmp_path: Path, passwd: Callable[[str, int], None], uid: int, by_name: bool, by_mapping: bool
) -> None:
    passwd("alice", uid)
    own = asyncio.run(of(tmp_path, "").of_owner("alice"))
    assert (own.name, own.uid) == (("alice", uid) if by_name else ("", config.JobsSection().first_uid))
    mapped = of(tmp_path, '[accounts]\nbob = "alice"\n')
    if by_mapping:
        assert asyncio.run(mapped.of_owner("bob")).uid == uid
    else:
        with pytest.raises(TaskerError, match="a system account"):
            asyncio.run(mapped.of_owner("bob"))


@pytest.mark.parametrize(
    ("text", "last"),
    [
        *(("UID_MAX\t\t\t 2000\n", 2000), ("# UID_MAX 5\nUID_MIN 7\nUID_MAX 0x7d0 # all\n", 2000)),
        *(("", 60_000), ("UID_MAX\n", 60_000), ("UID_MAX many\n", 60_000), ("UID_MAX_\xdf 4\n", 60_000)),
    ],
)
def test_they_end_at_uid_max(tmp_path: Path, passwd: Callable[[str, int], None], text: str, last: int) -> None:
    (tmp_path / "login.defs").write_text(text, "latin-1")
    accounts = of(tmp_path, "")
    for uid in (last, last + 1 if last < 60_000 else 60_514):
        passwd("alice", uid)
        account = asyncio.run(accounts.own("alice"))
        assert (account.uid if account else None) == (uid if uid == last else None)


# ── in the whole ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_caller_with_no_users_name_gets_nothing_anywhere(tasker: Stack) -> None:
    """As a frontend that was taken over would ask; the name would fill lines of the ledger and name a slice."""
    for name in ("evil\n1000 bob", "../../x", ""):
        body = json.loads(wire.encode(1, wire.StartJob(ALICE, JobSpec(("true",)))))
        body[2]["caller"]["name"] = name
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as peer:
            peer.settimeout(DEADLINE)
            peer.connect(str(tasker.socket))
            peer.send(json.dumps(body).encode())
            assert peer.recv(4096) == b""
        assert "Identity.name: " in tasker.engine.log
        assert tasker.list() == []
        assert not (tasker.directory / "uids").exists()
    tasker.engine.restart()
    assert tasker.start_job("true", caller=BOB).uid == config.JobsSection().first_uid


def test_a_bad_line_of_the_ledger_costs_that_line(tasker: Stack) -> None:
    first = config.JobsSection().first_uid
    (tasker.directory / "uids").write_bytes(b"%d evil\n1000 bob\n%d ../../x\n" % (first, first + 1))
    tasker.engine.restart()
    assert f"cannot use line 2 of {tasker.directory}/uids" in tasker.engine.log
    assert tasker.start_job("true", caller=BOB).uid == first + 2


def test_a_reload_brings_the_mapping(tasker: Stack) -> None:
    assert tasker.start_job("true", caller=ALICE).uid >= 100_000
    tasker.configure(AS_OTHERS + '[accounts]\nalice = "daemon"\n')
    tasker.engine.send_signal(signal.SIGHUP)
    tasker.engine.until_logged("reloaded")
    with refused(Reason.REFUSED, r"cannot run jobs of alice as daemon, as \[accounts\] alice"):
        tasker.start_job("true", caller=ALICE)
    assert tasker.start_job("true", caller=ROOT, user="daemon").user == "daemon"


@as_others
def test_who_asks_for_another_account_is_refused_before_it_is_looked_up(tasker: Stack) -> None:
    for name in ("daemon", "nobody-by-this-name"):
        with refused(Reason.DENIED, f"cannot start as {name}"):
            tasker.start_job("true", caller=ALICE, user=name)
