"""Why a command does not run, where that takes a mount; and /dev/stderr of root's jobs, as PAM's programs leave it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasker.errors import Reason, TaskerError
from tests.system.conftest import User, run

PLACE = Path("/srv/tasker noexec")


@pytest.fixture(params=["tmpfs", "bind"])
def noexec(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A directory on a noexec mount: a file system of its own, or part of the one around it."""
    PLACE.mkdir()
    if request.param == "tmpfs":
        run("mount", "-t", "tmpfs", "-o", "noexec,mode=755", "tasker-test", str(PLACE))
    else:
        run("mount", "--bind", str(PLACE), str(PLACE))
        run("mount", "-o", "remount,bind,noexec", str(PLACE))
    yield PLACE
    run("umount", str(PLACE))
    shutil.rmtree(PLACE)


def test_a_noexec_mount_is_named(alice: User, admin: User, noexec: Path) -> None:
    (noexec / "bin").mkdir()
    program = noexec / "bin" / "program"
    shutil.copy("/bin/true", program)
    script = noexec.parent / "tasker-script"
    script.write_text(f"#!{noexec.parent}/tasker-interpreter\n")
    script.chmod(0o755)
    interpreter = noexec.parent / "tasker-interpreter"
    interpreter.symlink_to(program)
    known = f"is in '{noexec}', which is mounted noexec; move it to another file system"
    try:
        for who in (alice, admin):
            for command, it in ((program, "it"), (script, f"its interpreter {interpreter}")):
                with pytest.raises(TaskerError) as caught:
                    who.start(str(command), working_directory="/")
                assert f": {it} {known}" in caught.value.message, caught.value.message
                assert caught.value.reason is Reason.NOT_EXECUTABLE
    finally:
        script.unlink()
        interpreter.unlink()


@pytest.mark.parametrize(
    "command",
    [
        "setpriv --reuid nobody --regid nogroup --clear-groups sh -c",
        "runuser -u nobody -- sh -c",
        "su nobody -s /bin/sh -c",
    ],
)
def test_a_root_job_writes_to_dev_stderr_as_another_user(admin: User, command: str) -> None:
    job = admin.sh(f"{command} 'echo heard >/dev/stderr'", user="root", working_directory="/")
    assert admin.output(job) == b"heard\n"
