"""The configuration file: every key, what it refuses and in what words; and that the shipped example is true."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from tasker.config import Config, JobQuota, JobsSection, OutputSection, OwnerQuota, TotalQuota, load, parse
from tasker.configvalues import Rate, Share
from tasker.errors import Reason, TaskerError

EXAMPLE = Path(__file__).parent.parent / "systemd" / "tasker.toml"
EXAMPLES = ("defaults", "maxima", "owners", "accounts")
"""Sections whose lines in the file are examples: without them there is no value."""


def refusal(text: str) -> str:
    with pytest.raises(TaskerError) as caught:
        parse(text)
    assert caught.value.reason is Reason.INVALID
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 300
    return caught.value.message


def test_the_example_as_shipped_changes_nothing() -> None:
    assert load(EXAMPLE) == Config()


def test_the_example_has_the_defaults() -> None:
    """That it has every key: tests/checklists/test_key.py."""
    config = parse(re.sub(r"^#([\w-]+ = |\[)", r"\1", EXAMPLE.read_text(), flags=re.MULTILINE))
    for section in fields(Config):
        if section.name not in EXAMPLES:
            assert getattr(config, section.name) == section.default, f"[{section.name}] of {EXAMPLE.name} differs"
    assert config.owners.keys() == {"alice"}
    assert config.accounts.keys() == {"alice", "john-doe"}


def test_one_owner_has_what_is_said_of_all_but_for_what_is_said_of_the_one() -> None:
    config = parse('[owner]\ncpu = 2\nmemory = "1G"\n[owners.alice]\nmemory = "2G"\nrunning = 0')
    assert config.quota("alice") == OwnerQuota(cpu=2.0, memory=2 << 30, running=0)
    assert config.quota("bob") == OwnerQuota(cpu=2.0, memory=1 << 30)


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("100, 10/s", Rate(100, 10.0)),
        ("1,0.01/s", Rate(1, 0.01)),
        ("100000, 10000/s", Rate(100_000, 10_000.0)),
        ("7, 2.5/s", Rate(7, 2.5)),
        ("none", None),
    ],
)
def test_how_fast_jobs_may_be_started(text: str, rate: Rate | None) -> None:
    config = parse(f'[owner]\nstarts = "{text}"\n[owners.alice]\nrunning = 5\n[owners.bob]\nstarts = "9, 9/s"')
    assert config.quota("carol").starts == config.quota("alice").starts == rate
    assert config.quota("bob").starts == Rate(9, 9.0)


def test_memory_and_tasks_may_be_shares_and_every_quota_may_be_lifted() -> None:
    config = parse(
        """
        [total]
        memory = "62.5%"
        tasks = "none"
        [owner]
        cpu = 2
        memory = "100%"
        [owners.alice]
        cpu = "none"
        tasks = 7
        [maxima]
        memory = "1%"
        time = "none"
        [output]
        memory = "none"
        """
    )
    assert config.total == TotalQuota(memory=Share(62.5), tasks=None)
    assert config.quota("alice") == OwnerQuota(cpu=None, memory=Share(100), tasks=7)
    assert config.quota("bob") == OwnerQuota(cpu=2.0, memory=Share(100), tasks=Share(25))
    assert config.maxima == JobQuota(memory=Share(1))
    assert config.output == OutputSection(memory=None)


def test_no_file_is_all_defaults(tmp_path: Path) -> None:
    assert load(tmp_path / "none.toml") == Config()


def test_values_are_read() -> None:
    config = parse(
        """
        [server]
        listen = ["127.0.0.1:8275", "[::1]:1", "host.example:65535"]
        revoked = ["4F:3A:09", "00af"]
        frontends = 2
        [jobs]
        grace = "1m30s"
        [output]
        ring = "1.5M"
        """
    )
    assert config.server.listen == ("127.0.0.1:8275", "[::1]:1", "host.example:65535")
    assert config.server.revoked == ("4f3a09", "af")
    assert (config.server.frontends, config.server.streams) == (2, 300)
    assert config.jobs == JobsSection(grace=90.0)
    assert config.output == OutputSection(ring=3 << 19)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[servers]", "no section 'servers'"),
        ("colour = 1", "no section 'colour'"),
        ("server = 1", "server must be a section"),
        ("[[server]]", "server must be a section"),
        ("[server]\nport = 1", "no key 'port' in [server]"),
        ("[jobs.grace]\nx = 1", "jobs.grace cannot be"),
        ("[server", "it is not TOML"),
        pytest.param(f"[jobs]\nrunning = {'1' * 5000}", "it is not TOML", id="digits"),
        pytest.param(f"[jobs]\nrunning = {'[' * 5000}", "it is not TOML", id="brackets"),
        ("[server]\nlisten = []", "server.listen cannot be"),
        ('[server]\nlisten = "[::]:8275"', "server.listen cannot be"),
        ('[server]\nlisten = ["8275"]', "a list of addresses with ports"),
        ('[server]\nlisten = ["host:0"]', "server.listen"),
        ('[server]\nlisten = ["unix:/run/tasker-local/socket"]', "server.listen"),
        ("[server]\nconnections = 127", "a whole number from 128 to 50000"),
        ("[server]\nconnections = 50_001", "a whole number from 128 to 50000"),
        ('[server]\nlisten = ["host:65536"]', "server.listen"),
        ('[server]\nlisten = ["::1:8275"]', "server.listen"),
        ('[server]\nlisten = ["host:٨"]', "server.listen"),
        ('[server]\nlisten = ["host:8275\\n"]', "server.listen"),
        ("[server]\nlisten = [8275]", "server.listen"),
        ('[server]\nca = ""', "server.ca cannot be"),
        ("[server]\nkey = 1", "it must be a string"),
        ('[server]\nca = "\\u0000"', "it must be a string"),
        ('[server]\ncontact = "Carol\\nroom 7"', "it must be a string"),
        ('[server]\nrevoked = "4f"', "server.revoked"),
        ('[server]\nrevoked = ["xyz"]', "server.revoked"),
        ('[server]\nrevoked = [""]', "server.revoked"),
        ('[server]\nrevoked = ["00"]', "server.revoked"),
        ('[server]\nrevoked = [":"]', "server.revoked"),
        ("[server]\nrevoked = [4]", "server.revoked"),
        ("[server]\nfrontends = 0", "a whole number from 1 to 64"),
        ("[server]\nfrontends = 65", "a whole number from 1 to 64"),
        ("[server]\nfrontends = true", "a whole number"),
        ("[server]\nfrontends = 1.0", "a whole number"),
        ('[server]\nstreams = "1"', "a whole number"),
        ("[jobs]\ngrace = 10", "a time from"),
        ('[jobs]\ngrace = "2h"', "a time from"),
        ('[jobs]\ngrace = "soon"', "cannot read 'soon' as a time"),
        ("[jobs]\nas_others = 1", "jobs.as_others cannot be '1'; it must be true or false"),
        ('[jobs]\nas_others = "false"', "true or false"),
        ("[jobs]\nfirst_uid = 0", "a whole number from 100000"),
        ("[output]\nring = 16777216", "a size from"),
        ('[output]\nring = "63K"', "a size from"),
        ('[output]\nring = "17G"', "a size from"),
        ('[output]\nring = "much"', "cannot read 'much' as a size"),
        ('[output]\nring = """\n\n"""', "output.ring cannot be"),
        (f"[output]\n{'k' * 500} = 1", "no key 'kkk"),
        (f'[output]\nring = "{"9" * 5000}"', "output.ring cannot be"),
        ('[output]\n"a\\nb" = 1', r"no key 'a\nb'"),
        ('["a\\nb"]', "no section"),
        ("[server]\nx = 1\nx = 2", "it is not TOML"),
        ("owners = 1", "owners must be a section"),
        ("[owners]\nalice = 1", "owners.alice must be a section"),
        ("[owners.Alice]", "key 'Alice' in [owners] is not an owner"),
        ("[owners.alice]\ncolour = 1", "no key 'colour' in [owners.alice]"),
        ("[owner]\ncpu = 0", "a number of cores"),
        ("[owner]\ncpu = 0", 'or "none"'),
        ('[owner]\ncpu = "50%"', "a number of cores"),
        ('[total]\nmemory = "0%"', 'a share of the machine up to "100%", or "none"'),
        ('[total]\nmemory = "101%"', 'a size from "8M" to "1024T", a share of the machine up to "100%"'),
        ('[total]\ntasks = "1000%"', "a whole number from 1 to 4194304, a share"),
        ('[total]\ntasks = "80 %"', "a share of the machine"),
        ('[total]\ntasks = "-1%"', "a share of the machine"),
        ('[total]\ntasks = "nan%"', "a share of the machine"),
        ('[owner]\ntasks = "٢٥%"', "a share of the machine"),
        ('[owner]\ntasks = "many"', "a share of the machine"),
        ('[owner]\nrunning = "none"', "a whole number from 0"),
        ("[owner]\nstarts = 10", 'a burst and a rate from "1, 0.01/s" to "100000, 10000/s"'),
        ('[owner]\nstarts = "0, 10/s"', "a burst and a rate"),
        ('[owner]\nstarts = "100001, 10/s"', "a burst and a rate"),
        ('[owner]\nstarts = "100, 0/s"', "a burst and a rate"),
        ('[owner]\nstarts = "100, 0.001/s"', "a burst and a rate"),
        ('[owner]\nstarts = "100, 10001/s"', "a burst and a rate"),
        ('[owner]\nstarts = "100, 10"', "a burst and a rate"),
        ('[owner]\nstarts = "100"', "a burst and a rate"),
        ('[owner]\nstarts = "100, -1/s"', "a burst and a rate"),
        ('[owner]\nstarts = "100, ٣/s"', "a burst and a rate"),
        ('[owner]\nstarts = "many"', 'or "none"'),
        ('[output]\nring = "none"', "cannot read 'none' as a size"),
        ('[output]\nmemory = "1M"', "a size from"),
        ('[retention]\nmemory = "10%"', "retention.memory cannot be"),
        ("[owner]\ncpu = true", "a number of cores"),
        ("[owner]\ncpu = nan", "a number of cores"),
        ('[owner]\nmemory = "1M"', "a size from"),
        ("[owner]\ntasks = 0", "a whole number from 1"),
        ("[owner]\nrunning = -1", "a whole number from 0"),
        ('[maxima]\ntime = "0s"', "a time from"),
        ("[total]\nrunning = 1", "no key 'running' in [total]"),
        ('[accounts]\nalice = ""', "the name of a local account"),
        ('[accounts]\n"a b" = "x"', "key 'a b' in [accounts] is not an owner"),
        ('[retention]\nage = "0s"', "a time from"),
    ],
)
def test_refused_in_one_line(text: str, words: str) -> None:
    assert words in refusal(text)


def test_the_line_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "tasker.toml"
    path.write_text("[jobs]\nrunning = 0\n")
    with pytest.raises(
        TaskerError, match=r"cannot use .*/tasker\.toml: jobs\.running cannot be '0'; it must be a whole"
    ):
        load(path)
    path.write_bytes(b"\xff")
    with pytest.raises(TaskerError, match=r"cannot read .*/tasker\.toml"):
        load(path)
    with pytest.raises(TaskerError, match="cannot read"):
        load(tmp_path)


def test_the_reserved_range_ends_below_what_is_no_uid() -> None:
    jobs = parse("[jobs]\nfirst_uid = 4000000000\nuids = 16777216").jobs
    assert jobs.first_uid + jobs.uids < (1 << 32) - 1
    assert "jobs.first_uid" in refusal("[jobs]\nfirst_uid = 4000000001")
    assert "jobs.uids" in refusal("[jobs]\nuids = 16777217")
