"""sd_notify, against a socket as systemd has it."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from tasker.notify import notify, watchdog_interval


def test_nobody_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify("READY=1")


@pytest.mark.parametrize("abstract", [False, True])
def test_lines_come_in_one_datagram(abstract: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"@tasker-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(name.replace("@", "\0") if abstract else name)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        notify("READY=1", "STATUS=3 jobs, größer")
        notify("STOPPING=1")
        assert systemd.recv(4096).decode() == "READY=1\nSTATUS=3 jobs, größer"
        assert systemd.recv(4096) == b"STOPPING=1"


@pytest.mark.parametrize(
    ("microseconds", "pid", "seconds"),
    [
        (None, None, None),
        ("20000000", None, 10.0),
        pytest.param("20000000", os.getpid(), 10.0, id="own-pid"),
        ("20000000", 1, None),
        ("", None, None),
        ("soon", None, None),
    ],
)
def test_watchdog(
    microseconds: str | None, pid: int | None, seconds: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("WATCHDOG_USEC", microseconds), ("WATCHDOG_PID", pid)):
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, str(value))
    assert watchdog_interval() == seconds
