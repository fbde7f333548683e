"""What a leader writes into its report pipe: AT_GATE, and later why it did not become the command, or nothing (exec).

    step NUL errno NUL [why NUL path NUL at NUL detail NUL role NUL named_in]        one write, shorter than PIPE_BUF
"""

from __future__ import annotations

import dataclasses
import os

from tasker.wire import ExecFailure, Released

AT_GATE = b"@"
"""The leader waits."""
_LONGEST = 512
"""Bytes of one text of a finding; the rest is cut off."""


def failure(step: str, number: int, failure: ExecFailure | None) -> bytes:
    texts = [step, str(number), *(dataclasses.astuple(failure) if failure else ())]
    return b"\0".join(os.fsencode(text)[:_LONGEST] for text in texts)


def read(text: bytes) -> Released:
    """What `failure` wrote."""
    step, number, *failure = (os.fsdecode(part) for part in text.split(b"\0"))
    return Released(int(number), step, ExecFailure(*failure) if failure else None)
