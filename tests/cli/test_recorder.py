"""attach --output: the file has the bytes that came, and no other file is ever touched."""

from __future__ import annotations

import io
import os
import resource
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from tasker.cli.live.recorder import Meter, Recorder
from tasker.client import Attached, Chunk, Ended, Lost
from tasker.errors import TaskerError
from tests.cli.jobs import RUNNING, ended


def record(path: Path, *, force: bool = False) -> Recorder:
    return Recorder(str(path), force=force, meter=None, json=False)


def test_bytes_as_they_are_and_losses_reported(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    recorder = record(tmp_path / "out")
    for event in (Attached(RUNNING, 0), Chunk(0, b"\0\xff\n"), Lost(3, 9), Chunk(9, b"end"), Ended(ended(), 12)):
        recorder.show(event)
    recorder.close()
    assert (tmp_path / "out").read_bytes() == b"\0\xff\nend"
    said = capfd.readouterr()
    assert said.out == ""
    assert "lost 6B of output: bytes 3 to 9" in said.err
    assert "exited with code 0" in said.err


def test_what_is_lost_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasker.cli.live.recorder.UNTIL_SHOWN", 0.0)
    console = Console(file=io.StringIO(), force_terminal=True, width=100, color_system=None)
    recorder = Recorder(str(tmp_path / "out"), force=False, meter=Meter(console), json=False)
    job = replace(ended(), printed=8 << 20)
    for event in (Attached(job, 0), Lost(0, 6 << 20), Chunk(6 << 20, b"x" * (1 << 20))):
        recorder.show(event)
    assert isinstance(console.file, io.StringIO)
    assert "1.0/2.0 MiB" in console.file.getvalue()
    recorder.close()


def test_nothing_is_made_before_there_is_a_job(tmp_path: Path) -> None:
    record(tmp_path / "out").close()
    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_is_kept_without_force(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_text("a longer text that was there")
    with pytest.raises(TaskerError, match="it exists; choose another name, or add --force to overwrite it"):
        record(path).show(Attached(RUNNING, 0))
    assert path.read_text() == "a longer text that was there"
    recorder = record(path, force=True)
    recorder.show(Attached(RUNNING, 0))
    recorder.show(Chunk(0, b"new"))
    recorder.close()
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("there", [True, False])
def test_a_link_is_never_followed(tmp_path: Path, force: bool, there: bool) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    if there:
        target.write_text("precious")
    link.symlink_to(target)
    with pytest.raises(TaskerError, match="symbolic link" if force else "it exists"):
        record(link, force=force).show(Attached(RUNNING, 0))
    assert target.exists() == there
    assert not there or target.read_text() == "precious"


def test_what_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    reader = os.open(tmp_path / "fifo", os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(TaskerError, match="not a regular file"):
        record(tmp_path / "fifo", force=True).show(Attached(RUNNING, 0))
    os.close(reader)
    with pytest.raises(TaskerError, match=r"^cannot write .*: Is a directory"):
        record(tmp_path, force=True).show(Attached(RUNNING, 0))
    with pytest.raises(TaskerError, match=r"^cannot write .*: No such file or directory"):
        record(tmp_path / "none" / "out").show(Attached(RUNNING, 0))


def test_a_full_disk_says_how_far_it_came(tmp_path: Path) -> None:
    before, soft = signal.signal(signal.SIGXFSZ, signal.SIG_IGN), resource.getrlimit(resource.RLIMIT_FSIZE)
    recorder = record(tmp_path / "out")
    recorder.show(Attached(RUNNING, 0))
    recorder.show(Chunk(0, b"x" * 100))
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, soft[1]))
    try:
        with pytest.raises(TaskerError, match="past byte 100 of the output: File too large"):
            recorder.show(Chunk(100, b"more"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, soft)
        signal.signal(signal.SIGXFSZ, before)
    recorder.close()
