"""The audit trail as an admin reads it: fields of the journal, and `journalctl -x`."""

from __future__ import annotations

import contextlib
import json
import signal

import pytest

from tasker import certs, issuing
from tasker.client import Client
from tasker.errors import TaskerError
from tasker.identity import Role
from tasker.journal import MESSAGES
from tests.support.waiting import until
from tests.system.conftest import ADDRESS, ETC, User, run


def entries(*matches: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in run("journalctl", "-o", "json", *matches).splitlines()]


def serial(user: User) -> str:
    return certs.describe((ETC / "clients" / f"{user.name}.crt").read_bytes()).serial


def test_every_deed_has_who_with_which_certificate_did_what_to_whose_job(alice: User, admin: User) -> None:
    job = alice.start("sleep", "600")
    admin.client.signal(job.id, signal.SIGCONT)
    admin.client.pause(job.id)
    admin.client.resume(job.id)
    attachment = admin.client.attach(job.id)
    next(attachment)
    admin.client.detach(job.id)
    for _ in attachment:
        pass
    admin.client.stop(job.id)
    until(lambda: entries(f"TASKER_JOB={job.id}", "TASKER_ACTION=end"))
    found = {entry["TASKER_ACTION"]: entry for entry in entries(f"TASKER_JOB={job.id}")}
    assert found.keys() == {"start", "signal", "pause", "resume", "attach", "detach", "stop", "end"}
    for action, entry in found.items():
        assert entry["MESSAGE_ID"] == MESSAGES[action]
        assert entry["TASKER_OWNER"] == "alice"
        assert entry["_SYSTEMD_UNIT"] == "tasker.service"
        if action != "end":
            who = alice if action == "start" else admin
            assert (entry["TASKER_ACTOR"], entry["TASKER_SERIAL"]) == (who.name, serial(who))
            assert entry["TASKER_ROLE"] == ("user" if who is alice else "admin")


def test_a_refusal_says_why_and_the_catalog_what_to_do(alice: User, bob: User) -> None:
    job = alice.start("sleep", "600")
    with pytest.raises(TaskerError):
        bob.client.stop(job.id)
    until(lambda: entries("TASKER_ACTION=refuse", f"TASKER_JOB={job.id}"))
    (entry,) = entries("TASKER_ACTION=refuse", f"TASKER_JOB={job.id}")
    assert (entry["TASKER_ACTOR"], entry["TASKER_REASON"], entry["TASKER_REFUSED"]) == ("bob", "denied", "stop")
    shown = run("journalctl", "-x", "-o", "short", f"MESSAGE_ID={MESSAGES['refuse']}", f"TASKER_JOB={job.id}")
    assert "Subject: A request was refused" in shown
    assert f'bob (user, certificate {serial(bob)}) was refused the action "stop"' in shown
    assert "systemctl reload tasker" in shown


def test_every_kind_is_in_the_catalog_of_the_machine() -> None:
    listed = run("journalctl", "--list-catalog")
    assert all(id in listed for id in MESSAGES.values())


def test_a_certificate_that_is_not_let_in_is_written_down_by_the_frontend(admin: User) -> None:
    mallory = User("mallory", Role.USER)
    config = ETC / "tasker.toml"
    good = config.read_text()
    config.write_text(f'[server]\nrevoked = ["{serial(mallory)}"]\n{good}')
    try:
        run("systemctl", "reload", "tasker")

        def refused() -> list[dict[str, str]]:
            with contextlib.suppress(TaskerError):
                list(mallory.client.list())
            return entries("TASKER_ACTION=login", f"TASKER_SERIAL={serial(mallory)}")

        before = len(entries("TASKER_ACTION=login", f"TASKER_SERIAL={serial(mallory)}"))
        entry = until(refused, lambda found: len(found) > before)[-1]
    finally:
        config.write_text(good)
        run("systemctl", "reload", "tasker")
    assert entry["_SYSTEMD_UNIT"] == "tasker-frontend@1.service"
    assert entry["TASKER_ACTOR"] == "mallory"
    assert entry["TASKER_ADDRESS"] in ("127.0.0.1", "::1")
    assert "it was revoked" in entry["MESSAGE"]


def test_so_is_one_that_fails_in_the_handshake() -> None:
    """With an address, and nobody's name: grpc tells no more."""

    def told() -> list[dict[str, str]]:
        return [entry for entry in entries("TASKER_ACTION=login") if "not signed by the CA" in entry["MESSAGE"]]

    before = len(told())  # of a run of the tests before this one
    pair = issuing.make_client(issuing.make_ca(), "mallory", Role.USER)
    ca = (ETC / "ca.crt").read_bytes()
    with Client(ADDRESS, ca=ca, certificate=pair.certificate, key=pair.key) as client, pytest.raises(TaskerError):
        client.info()
    entry = until(told, lambda entries: len(entries) > before)[-1]
    assert entry["_SYSTEMD_UNIT"] == "tasker-frontend@1.service"
    assert entry["TASKER_ADDRESS"] in ("127.0.0.1", "::1")
    assert "TASKER_ACTOR" not in entry
    raw = run("journalctl", "-o", "cat", "-u", "tasker-frontend@1")
    assert "handshaker.cc" not in raw
