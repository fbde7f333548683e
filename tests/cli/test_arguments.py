"""The command line: where the job's command begins, what words mean, and what is said when they mean nothing."""

from __future__ import annotations

import os

import pytest

from tasker.cli.grammar import arguments, spec
from tasker.cli.grammar.arguments import parse
from tasker.cli.grammar.parser import UsageError
from tasker.job import JobSpec
from tasker.limits import IoLimit, Limits


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("start sleep 60", ["sleep", "60"]),
        ("start -- sleep 60", ["sleep", "60"]),
        ("start --memory 1G sleep 60", ["sleep", "60"]),
        ("start --memory=1G sleep --memory 60", ["sleep", "--memory", "60"]),
        ("start --name x --cpu 2 -- --version", ["--version"]),
        ("start ls --help", ["ls", "--help"]),
        ("start ls -- -x", ["ls", "--", "-x"]),
        ("start -- -- x", ["--", "x"]),
        ("start -e A=1 -eB=2 -C/tmp env", ["env"]),
        ("start -C /tmp env -C /", ["env", "-C", "/"]),
        ("start - x", ["-", "x"]),
        ("--json start --json x", ["x"]),
        ("--address h:1 --key k run --raw --no-footer x --raw", ["x", "--raw"]),
        ("start --io-read /=1M --io-read /var=2M dd", ["dd"]),
    ],
)
def test_where_the_command_begins(line: str, command: list[str]) -> None:
    assert parse(line.split(" ")).command == command


def test_arguments_arrive_as_they_are() -> None:
    words = ["", " ", "a b", "\n", "*", "$HOME", "'", "--", "-", os.fsdecode(b"\xff\xfe"), "世界"]
    assert parse(["start", "printf", *words]).command == ["printf", *words]
    assert [os.fsencode(word) for word in parse(["run", "--", *words[-2:]]).command] == [b"\xff\xfe", "世界".encode()]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "cannot run without a verb"),
        ("--json", "cannot run without a verb"),
        ("strat x", "cannot find the verb 'strat'; did you mean start?"),
        ("--jsno", "cannot understand '--jsno'; did you mean --json?"),
        ("lits", "did you mean list?"),
        ("help lits", "cannot find the verb 'lits'; did you mean list?"),
        ("candidate", "tasker --help lists all verbs"),
        ("frobnicate", "cannot find the verb 'frobnicate'; tasker --help lists all verbs"),
        ("--nope", "cannot understand '--nope'; see tasker --help"),
        ("get --zzzz k3", "cannot understand '--zzzz'; see tasker get --help"),
        ("start", "cannot start without a command; give one, e.g. tasker start -- sleep 60"),
        ("run --memory 1G --", "cannot run without a command"),
        ("start --memroy 1G x", "cannot understand '--memroy'; did you mean --memory?"),
        ("start --mem 1G x", "cannot understand '--mem'"),
        ("start --cpus 2 x", "cannot understand '--cpus'; write --cpu N"),
        ("limit k3 --cpus=1.5", "cannot understand '--cpus=1.5'; write --cpu N"),
        ("list --cpus 2", "cannot understand '--cpus'; did you mean"),
        ("start --memory 5X x", "cannot read '5X' as a size; write it like 512M, 1.5G or 4096 (--memory)"),
        ("start --cpu -1 x", "--cpu"),
        ("start --cpu nan x", "cannot read 'nan' as a number (--cpu)"),
        ("start --tasks 1.5 x", "cannot read '1.5' as a whole number (--tasks)"),
        ("start --time soon x", "cannot read 'soon' as a time"),
        ("stop", "cannot do that without JOB; see tasker stop --help"),
        ("attach a --tail some", "cannot read 'some' as a whole number (--tail)"),
        ("attach a --tail 1 --offset 2", "cannot take both --offset and --tail"),
        ("attach a b", "cannot take 'b': attach takes one JOB; see tasker attach --help"),
        ("list -- a", "cannot take 'a': list takes nothing but options; see tasker list --help"),
        ("certs show a b", "cannot take 'b': certs show takes one NAME; see tasker certs show --help"),
        ("stop --grace 9999d a", "cannot use a grace period of 9999d; choose 0s to 1h (--grace)"),
        ("certs client bob --role king", "cannot take 'king' as --role; choose user, admin; see"),
        ("certs shw", "cannot take 'shw' as ACTION; did you mean show?"),
        ("start --memory", "cannot use --memory without a value"),
        ("list --wide=x", "cannot give -w/--wide a value; it has none"),
    ],
)
def test_what_is_said(line: str, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse(line.split())
    assert said in refused.value.message
    assert refused.value.message.startswith("cannot ")
    assert "\n" not in refused.value.message


@pytest.mark.parametrize("verb", ["get", "attach", "detach", "stop"])
def test_a_job_has_an_id(verb: str) -> None:
    with pytest.raises(UsageError, match=rf"cannot find a job without its id \(JOB\); see tasker {verb} --help"):
        parse([verb, ""])


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("--json lst", True),
        ("get --json k3 --nope", True),
        ("get k3 --nope --json", True),
        ("certs shw --json", True),
        ("start --nope --json -- x", True),
        ("start --nope -- x --json", False),
        ("start x --json", False),
        ("get k3 -- --json", False),
        ("", False),
    ],
)
def test_who_asks_for_json(line: str, asked: bool) -> None:
    assert arguments.wants_json(line.split()) is asked


def test_options_before_and_after_the_verb() -> None:
    assert parse(["--json", "list"]).json
    assert parse(["list", "--json"]).json
    assert not parse(["list"]).json
    options = parse(["--address", "a:1", "--ca", "x", "get", "--ca", "y", "k3"])
    assert (options.address, options.ca, options.cert, options.job) == ("a:1", "y", None, "k3")


@pytest.mark.parametrize("alias", ["list", "ls", "ps"])
def test_aliases_are_the_verb(alias: str) -> None:
    assert parse([alias]).verb == "list"
    assert arguments.verb_of([alias]) == "list"


def test_attach_positions() -> None:
    options = parse(["attach", "k3"])
    assert (options.offset, options.tail, options.bytes, options.follow, options.footer) == (
        None,
        None,
        None,
        True,
        True,
    )
    assert parse(["attach", "k3", "--tail", "all"]).tail is None
    assert parse(["attach", "k3", "--tail", "0"]).tail == 0
    assert not parse(["attach", "--no-follow", "--no-footer", "k3"]).follow


@pytest.mark.parametrize("words", [["--help"], ["start", "--help"], ["run", "-h", "x"], ["help"], ["help", "ls"]])
def test_help_has_examples(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        parse(words)
    assert left.value.code == 0
    assert "examples:" in capsys.readouterr().out


def test_every_verb_has_help() -> None:
    parser = arguments.build()
    for name, verb in parser.verbs.items():
        assert "examples:" in verb.format_help(), name


def built(line: str, environment: dict[str, str] | None = None) -> JobSpec:
    return spec.build(parse(line.split()), environment or {})


def test_a_whole_spec() -> None:
    line = (
        "start --name n --user bob -C /srv -e A=1=2 -e B -e C= --cpu 1.5 --cpu-weight 50 --memory 1.5G"
        " --memory-high 1G --memory-swap 0 --tasks 9 --io-weight 7 --time 1h30m --io-write /var=10M/s"
        " --io-read /var=1M --io-read /a=b=8K --io-read-iops /var=100 --io-write-iops /a=b=5 --cpu-list 8,0-3 --nice 5"
        " -- make all"
    )
    assert built(line, {"B": "here"}) == JobSpec(
        argv=("make", "all"),
        working_directory="/srv",
        environment={"A": "1=2", "B": "here", "C": ""},
        name="n",
        user="bob",
        limits=Limits(
            cpu=1.5,
            cpu_weight=50,
            memory=3 << 29,
            memory_high=1 << 30,
            memory_swap=0,
            tasks=9,
            io=(
                IoLimit("/var", read_bandwidth=1 << 20, write_bandwidth=10 << 20, read_iops=100),
                IoLimit("/a=b", read_bandwidth=8192, write_iops=5),
            ),
            io_weight=7,
            run_time=5400.0,
            cpu_list="0-3,8",
        ),
        nice=5,
    )


@pytest.mark.parametrize("words", ["--nice -5", "--nice=-5"])
def test_a_negative_nice_value(words: str) -> None:
    assert built(f"start {words} -- true").nice == -5


def test_nothing_asked_is_nothing_set() -> None:
    assert built("run true") == JobSpec(argv=("true",))


def test_relative_paths_are_the_callers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/usr/bin")
    asked = built("start -C .. --io-read lib=1M x")
    assert (asked.working_directory, asked.limits.io[0].path) == ("/usr", "/usr/bin/lib")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("start -e NOPE x", "cannot pass on 'NOPE': it is not set here"),
        ("start --io-read 10M x", "cannot read '10M'; write it like /var=10M (--io-read)"),
        ("start --io-read =10M x", "cannot read '=10M'"),
        ("start --io-write /var=fast x", "cannot read 'fast' as a size"),
        ("start --io-read-iops /var=1.5 x", "cannot read '1.5' as a number of operations a second"),
        ("start --memory 0 x", "cannot limit memory to 0B; choose 8M or more"),
        ("start --cpu 0 x", "cannot limit cpu to 0 cores; choose 0.01 cores or more"),
        ("start --nice 20 x", "cannot start at nice 20; choose -20 to 19"),
        ("start --time 0 x", "cannot limit time to 0.0s; choose 1.0s to 3650d"),
        ("start --time 9999d x", "cannot limit time to 9999d; choose 1.0s to 3650d"),
        (f"start --name {'x' * 100} y", f"cannot use the name '{'x' * 32}…'; a name has up to 64 printable characters"),
    ],
)
def test_words_that_make_no_spec(line: str, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        built(line)
    assert refused.value.message.startswith(said)
