"""python -m tests.pictures: the pictures of the README, docs/attach.svg and docs/top.svg, made from a real run.

Needs the machine that `packaging/try` leaves up, and build/tasker, which it makes. Starts some jobs there, runs the
command line in a pseudo-terminal, and draws what a terminal emulator then shows.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from pyte.screens import Char
from rich.console import Console
from rich.style import Style
from rich.terminal_theme import MONOKAI
from rich.text import Text

from tests.cli.terminal import Terminal

ROOT = Path(__file__).parent.parent
TASKER = ROOT / "build" / "tasker"
COLUMNS, ROWS = 100, 18
CELL = 12.2, 24.4
"""Width and height that rich gives a character, in the units of its SVG."""
BUILD = (
    "i=0; while [ $i -lt 400 ]; do i=$((i+1)); "
    "printf '\\033[32m[%3d%%]\\033[0m compiling src/part%d.c\\n' $((i*100/400)) $i; "
    "j=0; while [ $j -lt 3000 ]; do j=$((j+1)); done; done"
)
"""Prints as a compiler does, and works in between."""
JOBS = (
    ("build", ("--cpu", "0.5", "--memory", "128M"), BUILD),
    ("backup", ("--memory", "256M", "--io-write", "/var=20M"),
     "while :; do dd if=/dev/zero of=/var/tmp/picture bs=1M count=64 oflag=direct 2>/dev/null; done"),
    ("train", ("--cpu", "0.3", "--memory", "512M"),
     "exec python3 -c 'x = bytearray(200 << 20)\nwhile True: pass'"),
    ("clock", ("--tasks", "16",), "while sleep 1; do date; done"),
)  # fmt: skip
COLOURS = {"brown": "yellow", "brightbrown": "bright_yellow", "brightblack": "bright_black"}
"""pyte's names that rich has another one for."""
FRAME = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 WIDTH HEIGHT">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; }}
{styles}
</style>
<defs>{lines}</defs>
<rect width="100%" height="100%" rx="8" fill="#16161a"/>
<g transform="translate(12, 10)">{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g>
</svg>
"""


def main() -> None:
    """Start the jobs, draw both pictures, stop the jobs."""
    ids = [tasker("start", "--name", name, *limits, "--", "sh", "-c", script) for name, limits, script in JOBS]
    try:
        draw("attach", ("attach", ids[0]), lambda rows: bool(re.search(r"\[ *\d+%\]", rows[-3])) and "M" in rows[-1])
        draw("top", ("top",), lambda rows: sum(any(id in row for row in rows) for id in ids) == len(ids))
    finally:
        tasker("stop", "--grace", "0", *ids)


def tasker(*words: str) -> str:
    return subprocess.run([TASKER, *words], check=True, capture_output=True, text=True).stdout.strip()


def draw(name: str, words: tuple[str, ...], ready: Callable[[list[str]], bool]) -> None:
    """The picture of a command line once its screen is `ready`, for as long as its figures need to settle."""
    with Terminal(COLUMNS, ROWS) as terminal:
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        command = ["setsid", "--ctty", "--wait", str(TASKER), *words]
        process = subprocess.Popen(command, env=environment, stdin=terminal.fd, stdout=terminal.fd, stderr=terminal.fd)
        seen: set[str] = set()

        def settled() -> bool:
            """Ready on so many different screens: rates need a few readings."""
            rows = terminal.screen.rows()
            if ready(rows):
                seen.add("\n".join(rows))
            return len(seen) >= 6

        terminal.until(settled)
        picture = svg(terminal, f"$ tasker {' '.join(words)}")
        terminal.type(b"\x03")
        process.wait()
    path = ROOT / "docs" / f"{name}.svg"
    path.parent.mkdir(exist_ok=True)
    path.write_text(picture)
    print(f"made {path.relative_to(ROOT)}")


def svg(terminal: Terminal, title: str) -> str:
    console = Console(width=COLUMNS, record=True, file=open(os.devnull, "w"), color_system="truecolor")  # noqa: SIM115
    console.print(Text(title, "bold"), highlight=False)
    for y in range(ROWS):
        row = terminal.screen.buffer[y]
        line = Text()
        for x in range(COLUMNS):
            cell = row[x]
            if cell.data:
                line.append(cell.data, style(cell))
        console.print(line, highlight=False, no_wrap=True, overflow="crop")
    width, height = COLUMNS * CELL[0] + 24, (ROWS + 1) * CELL[1] + 20
    frame = FRAME.replace("WIDTH", f"{width:.0f}").replace("HEIGHT", f"{height:.0f}")
    return console.export_svg(theme=MONOKAI, code_format=frame, unique_id="tasker")


def style(cell: Char) -> Style:
    """pyte's cell as rich writes it."""

    def colour(name: str) -> str | None:
        name = COLOURS.get(name, name)
        if name == "default":
            return None
        return (
            f"#{name}" if re.fullmatch(r"[0-9a-f]{6}", name) else name.replace("bright", "bright_").replace("__", "_")
        )

    return Style(
        color=colour(cell.fg),
        bgcolor=colour(cell.bg),
        bold=cell.bold,
        reverse=cell.reverse,
        italic=cell.italics,
        underline=cell.underscore,
    )


if __name__ == "__main__":
    main()
