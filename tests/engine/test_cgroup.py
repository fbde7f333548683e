"""Writing to a cgroup: one that is gone is no error, and one that cannot be written is reported."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasker.engine.cgroup import Cgroup


@pytest.mark.parametrize("how", ["no such file", "closed"])
def test_a_cgroup_that_is_gone_is_no_error(tmp_path: Path, caplog: pytest.LogCaptureFixture, how: str) -> None:
    cgroup = Cgroup(tmp_path)
    if how == "closed":
        cgroup.close()
    cgroup.kill()
    cgroup.thaw()
    assert caplog.text == ""


def test_a_cgroup_that_cannot_be_written_is_reported(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A read-only mount does the same in tasker.service; a test can have a directory in the place of the file."""
    (tmp_path / "cgroup.kill").mkdir()
    Cgroup(tmp_path).kill()
    assert f"cannot write {tmp_path}/cgroup.kill: Is a directory; check tasker.service" in caplog.text
