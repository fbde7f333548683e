"""The contents of a leader's report pipe: AT_GATE, then, if executing the command failed, the cause.

step NUL errno NUL [kind NUL path NUL at NUL detail NUL role NUL named_in]       one write, shorter than PIPE_BUF
"""

from __future__ import annotations

import dataclasses
import os

from tasker.wire import ExecFailure, Released

AT_GATE = b"@"
"""The leader waits at the gate."""
_LONGEST = 512
"""Bytes of one text; longer texts are cut."""


def failure(step: str, number: int, failure: ExecFailure | None) -> bytes:
    texts = [step, str(number), *(dataclasses.astuple(failure) if failure else ())]
    return b"\0".join(os.fsencode(text)[:_LONGEST] for text in texts)


def read(text: bytes) -> Released:
    """Decodes the text that `failure` encoded."""
    step, number, *failure = (os.fsdecode(part) for part in text.split(b"\0"))
    return Released(int(number), step, ExecFailure(*failure) if failure else None)
