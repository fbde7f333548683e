"""Every documented search of the journal names the unit that wrote the entries: a job can forge anything else."""

from __future__ import annotations

import re

import pytest

from tasker.journal import FRONTEND, LOCAL_FRONTEND, search
from tests.support.searches import IN_TREE, TREE, flat, forgeable, searches, texts

DOCUMENTED = dict(texts(TREE, IN_TREE))


@pytest.mark.parametrize("name", DOCUMENTED)
def test_none_can_be_forged(name: str) -> None:
    assert forgeable(DOCUMENTED[name]) == []


def test_they_are_found() -> None:
    found = {name: searches(text) for name, text in DOCUMENTED.items()}
    assert len(found["README.md"]) == 8
    assert len(found["packaging/taskerd.8"]) == 6
    assert len(found["systemd/tasker.catalog"]) == 2


def test_those_that_tasker_prints() -> None:
    for command in (search("TASKER_JOB", "k3v9x2mq"), search("TASKER_ACTION", "login", FRONTEND)):
        assert searches(command) == [command]
        assert forgeable(command) == []


@pytest.mark.parametrize(
    "text",
    [
        "`journalctl TASKER_JOB=<id>`",
        "see `journalctl -x TASKER_ACTION=login`",
        "`journalctl _SYSTEMD_UNIT=tasker.service TASKER_JOB=<id>`, `TASKER_OWNER=alice`",
        "`journalctl -u tasker TASKER_OWNER=alice`",
        "`journalctl _SYSTEMD_UNIT=other.service TASKER_OWNER=alice`",
        "`journalctl _SYSTEMD_UNIT=tasker.service TASKER_JOB=x + TASKER_JOB=x`",
        ".B journalctl\nTASKER_JOB=ID",
        ".B journalctl _SYSTEMD_UNIT=tasker.service TASKER_JOB=ID, TASKER_OWNER=NAME",
        'f"journalctl TASKER_JOB={id}"',
        "finds `TASKER_OWNER=alice`",
    ],
)
def test_what_could_be_forged_is_found(text: str) -> None:
    assert len(forgeable(flat(text))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "`journalctl -x _SYSTEMD_UNIT=tasker.service\nTASKER_JOB=<id>`",
        ".B journalctl _SYSTEMD_UNIT=tasker\\-frontend@1.service TASKER_ACTION=login\nWho",
        "`journalctl _SYSTEMD_UNIT=tasker.service TASKER_JOB=x + _SYSTEMD_UNIT=tasker-frontend@1.service TASKER_JOB=x`",
        "`journalctl _SYSTEMD_UNIT=tasker-frontend@1.service _SYSTEMD_UNIT=tasker-frontend@2.service TASKER_ACTION=a`",
    ],
)
def test_what_cannot_be_forged_is_not(text: str) -> None:
    assert forgeable(flat(text)) == []


def test_a_search_for_logins_names_every_frontend_that_is_started() -> None:
    started = re.findall(r"^Wants=(.*)$", (TREE / "systemd/tasker.service").read_text(), re.MULTILINE)[0].split()
    assert {FRONTEND, LOCAL_FRONTEND} == set(started)
    for name in ("README.md", "packaging/taskerd.8"):
        (search,) = [search for search in searches(DOCUMENTED[name]) if "TASKER_ACTION=login" in search]
        assert all(f"_SYSTEMD_UNIT={unit} " in search for unit in started)
