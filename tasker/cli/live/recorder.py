"""Writes the output of an attach to a file unchanged, and shows the progress on stderr.

The file is created when the job has been found. A symbolic link is refused, and an existing file is only overwritten
with --force. Notices give the offsets of lost bytes; the file skips them.
"""

from __future__ import annotations

import errno
import os
import shlex
import stat
import time

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn

from tasker.cli.live.notices import Notices
from tasker.cli.live.screen import write_all
from tasker.cli.live.view import STDOUT, View
from tasker.cli.show import json
from tasker.cli.show.hidden import visible
from tasker.cli.show.stderr import UNTIL_SHOWN, say
from tasker.client import Attached, Chunk, Event, Lost
from tasker.errors import Reason, TaskerError

BETWEEN = 0.25
"""Seconds between two drawings of the meter."""


class Recorder(View):
    """Writes to the file `path`."""

    def __init__(self, path: str, *, force: bool, meter: Meter | None, json: bool) -> None:
        """`json`: print every event except chunks as a line on stdout, and nothing on stderr."""
        self._path = path
        self._force = force
        self._meter = meter
        self.suspends = meter is not None
        self._json = json
        self._notices = Notices(into(path))
        self._fd: int | None = None
        self._offset = 0

    def show(self, event: Event) -> None:
        match event:
            case Chunk(data=data):
                self._write(data)
                self._offset = event.offset + len(data)
                if self._meter is not None:
                    self._meter.advance(len(data))
            case Attached(job=job) if self._fd is None:
                self._fd = _open(self._path, self._force)
                if self._meter is not None:
                    self._meter.begin(None if job.printed is None else job.printed - event.offset)
            case Lost(begin=begin, end=end) if self._meter is not None:
                self._meter.lose(end - begin)
        if self._json and not isinstance(event, Chunk):
            write_all(STDOUT, json.dump(json.event(event)).encode() + b"\n")
        self._report([text.plain for text in self._notices.of(event)])

    def _write(self, data: bytes) -> None:
        assert self._fd is not None
        try:
            write_all(self._fd, data)
        except OSError as error:
            where = f"{visible(self._path)} past byte {self._offset} of the output"
            raise TaskerError(Reason.REFUSED, f"cannot write {where}: {error.strerror}") from error

    def notice(self, text: str) -> None:
        self._report([text])

    def _report(self, texts: list[str]) -> None:
        for text in () if self._json else texts:
            if self._meter is None or not self._meter.say(text):
                say(text)

    def tick(self) -> None:
        self._report([text.plain for text in self._notices.now()])
        if self._meter is not None:
            self._meter.tick()

    def suspend(self) -> None:
        if self._meter is not None:
            self._meter.hide()

    def until_tick(self) -> float | None:
        waits = [self._notices.due(), None if self._meter is None else self._meter.due()]
        return min((wait for wait in waits if wait is not None), default=None)

    def close(self) -> None:
        if self._meter is not None:
            self._meter.hide()
        self._report([text.plain for text in self._notices.rest()])
        if self._fd is not None:
            os.close(self._fd)


def into(path: str) -> str:
    """Returns the end of a command line that appends to the file."""
    return f" >> {shlex.quote(visible(path))}"


def _open(path: str, force: bool) -> int:
    """Opens a new or truncated regular file. Raises TaskerError."""
    name = visible(path)
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | (0 if force else os.O_EXCL)
    try:
        fd = os.open(path, flags, 0o666)
    except FileExistsError as error:
        text = f"cannot write {name}: it exists; choose another name, or add --force to overwrite it"
        raise TaskerError(Reason.REFUSED, text) from error
    except OSError as error:
        what = "it is a symbolic link; name the file itself" if error.errno == errno.ELOOP else error.strerror
        raise TaskerError(Reason.REFUSED, f"cannot write {name}: {what}") from error
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise TaskerError(Reason.REFUSED, f"cannot write {name}: it is not a regular file; write it with > {name}")
    os.ftruncate(fd, 0)
    return fd


class Meter:
    """A progress bar on the terminal of `console`, shown after UNTIL_SHOWN.

    The total is known only for a job that has ended; otherwise the bar shows only bytes and their rate.
    """

    def __init__(self, console: Console) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(binary_units=True))
        self._progress = Progress(*columns, TransferSpeedColumn(), console=console, auto_refresh=False, transient=True)
        self._task: TaskID | None = None
        self._total: int | None = None
        self._began = 0.0
        self._drawn_at = 0.0
        self._shown = False

    def begin(self, total: int | None) -> None:
        """Begins with the total number of bytes, None if unknown."""
        self._total = total
        self._task = self._progress.add_task("reading", total=total)
        self._began = time.monotonic()

    def advance(self, size: int) -> None:
        """Adds received bytes."""
        if self._task is not None:
            self._progress.update(self._task, advance=size, description="reading")
            if time.monotonic() - self._drawn_at >= BETWEEN:
                self._draw()

    def lose(self, size: int) -> None:
        """Subtracts lost bytes from the total."""
        if self._task is not None and self._total is not None:
            self._total = max(0, self._total - size)
            self._progress.update(self._task, total=self._total)

    def tick(self) -> None:
        """Redraws; no bytes came for a while."""
        if self._task is not None:
            if self._total is None:
                self._progress.update(self._task, description="following")
            self._draw()

    def due(self) -> float | None:
        """Returns the seconds until the next tick."""
        return None if self._task is None else UNTIL_SHOWN

    def say(self, text: str) -> bool:
        """Prints a line above the bar; returns False if no bar is shown."""
        if self._shown:
            self._progress.console.print(f"tasker: {text}", markup=False, highlight=False, soft_wrap=True)
        return self._shown

    def hide(self) -> None:
        """Hides the bar until it is drawn again."""
        if self._shown:
            self._progress.stop()
            self._shown = False

    def _draw(self) -> None:
        now = time.monotonic()
        if now - self._began < UNTIL_SHOWN:
            return
        if not self._shown:
            self._progress.start()
            self._shown = True
        self._progress.refresh()
        self._drawn_at = now
