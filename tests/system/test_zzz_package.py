"""The package's own life: upgraded, removed, purged. Last of all, by its name: nothing is left after it."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from tests.system.conftest import ETC, User, run, show, until_serving
from tests.system.test_zz_run import leftovers

CONTROL = Path("/run/systemd/system.control")
"""Where systemd keeps the quotas of slices until the next boot."""


@pytest.fixture(autouse=True)
def tidy() -> None:
    """In place of the one for all the others: after the last test there is no service to tidy with."""


def test_an_upgrade_keeps_the_jobs(alice: User) -> None:
    collector = show("tasker-collector.service", "MainPID")
    engine = show("tasker.service", "MainPID")
    job = alice.start("sleep", "600")
    install()
    until_serving()
    assert show("tasker-collector.service", "MainPID") == collector
    assert show("tasker.service", "MainPID") != engine
    assert alice.connect().get(job.id).state == "running"


def test_it_brings_completion() -> None:
    places = ("bash-completion/completions/tasker", "zsh/vendor-completions/_tasker")
    for place in (*places, "fish/vendor_completions.d/tasker.fish"):
        assert (Path("/usr/share") / place).read_text().count("candidates"), place
    script = 'COMP_WORDS=(tasker sto) COMP_CWORD=1; _tasker tasker; echo "${COMPREPLY[@]}"'
    assert run("bash", "-c", f"source /usr/share/{places[0]}; {script}") == "stop\n"


def test_it_brings_manual_pages() -> None:
    shipped = {path.name for path in Path("/usr/share/man").rglob("*tasker*.gz")}
    assert {"tasker.1.gz", "tasker-start.1.gz", "tasker-doctor.1.gz", "tasker.toml.5.gz", "taskerd.8.gz"} <= shipped
    page = gzip.decompress(Path("/usr/share/man/man1/tasker-start.1.gz").read_bytes()).decode()
    assert page.count(".SH ") >= 6
    assert show("tasker.service", "Documentation").replace('"', "") == "man:taskerd(8) man:tasker.toml(5)"


def test_remove_stops_and_purge_leaves_nothing(alice: User) -> None:
    with (ETC / "tasker.toml").open("a") as file:
        file.write('[owner]\nmemory = "600M"\n')
    run("systemctl", "reload", "tasker")
    alice.start("sleep", "600")
    assert (CONTROL / "tasker-alice.slice.d").exists()
    certificates = {path.name: path.read_bytes() for path in ETC.rglob("*.*")}
    run("apt-get", "-qq", "remove", "-y", "tasker")
    assert leftovers() == []
    assert (ETC / "ca.key").exists()
    assert not Path("/usr/lib/tasker/tasker").exists()
    install()
    assert {path.name: path.read_bytes() for path in ETC.rglob("*.*")} == certificates
    run("apt-get", "-qq", "purge", "-y", "tasker")
    assert leftovers() == []
    assert list(CONTROL.glob("tasker*")) == []
    assert show("tasker-alice.slice", "MemoryMax") == "infinity"
    assert not ETC.exists()
    assert not Path("/var/lib/tasker").exists()
    assert not Path("/usr/lib/tasker").exists()
    assert run("systemctl", "list-unit-files", "--no-legend", "tasker*", check=False) == ""


def install() -> None:
    run("apt-get", "-qq", "-o", "Dpkg::Use-Pty=0", "install", "-y", "--reinstall", os.environ["TASKER_DEB"])
