"""The progress bar of a recording: not before it is needed, a bar where the size is known, gone at the end."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from tasker.cli.live import recorder as module
from tasker.cli.live.recorder import Meter


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=100, color_system=None)


def drawn(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_what_is_fast_needs_no_bar(console: Console) -> None:
    meter = Meter(console)
    meter.begin(100)
    meter.advance(100)
    assert not meter.say("a notice")
    meter.hide()
    assert drawn(console) == ""


def test_a_bar_of_what_is_known(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "UNTIL_SHOWN", 0.0)
    meter = Meter(console)
    meter.begin(200 << 20)
    meter.advance(50 << 20)
    assert "reading" in drawn(console)
    assert "50.0/200.0 MiB" in drawn(console)
    assert "━" in drawn(console)
    assert meter.say("a notice")
    assert "tasker: a notice\n" in drawn(console)
    meter.lose(100 << 20)
    meter.tick()
    assert "50.0/100.0 MiB" in drawn(console)
    assert "following" not in drawn(console)
    meter.hide()
    assert not meter.say("another")
    assert drawn(console).endswith("\x1b[2K")  # the bar's row is empty again


def test_bytes_alone_where_the_size_is_not_known(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "UNTIL_SHOWN", 0.0)
    meter = Meter(console)
    meter.begin(None)
    meter.advance(3 << 20)
    assert "3.0/? MiB" in drawn(console)
    meter.lose(1)
    meter.tick()
    assert "following" in drawn(console)
    meter.hide()
