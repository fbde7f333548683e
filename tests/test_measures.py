"""Kinds of values that limits have: what is typed, and what is shown."""

from __future__ import annotations

import pytest

from tasker.errors import TaskerError
from tasker.measures import LONGEST_CPU_LIST, cpus_of, format_cpus, parse_count, parse_cpus, parse_number


@pytest.mark.parametrize(
    ("typed", "list", "cpus"),
    [
        ("0", "0", {0}),
        ("0-3,8", "0-3,8", {0, 1, 2, 3, 8}),
        ("8, 0-3", "0-3,8", {0, 1, 2, 3, 8}),
        ("3,2,1,0", "0-3", {0, 1, 2, 3}),
        ("0-1,1-2,2", "0-2", {0, 1, 2}),
        ("5-5", "5", {5}),
        ("0007", "7", {7}),
        ("9999", "9999", {9999}),
    ],
)
def test_a_list_of_cpus(typed: str, list: str, cpus: set[int]) -> None:
    assert parse_cpus(typed) == list
    assert cpus_of(list) == cpus
    assert format_cpus(cpus) == list


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        ",",
        "0,",
        "-1",
        "1-",
        "0-3-5",
        "a",
        "0x1",
        "0 1",
        "10000",
        "٣",
        "0;1",
        "1" * 5,
        "0,\n",
        "0," * 5000 + "0",
    ],
)
def test_no_list_of_cpus(typed: str) -> None:
    with pytest.raises(TaskerError, match=r"^cannot read .* as a list of CPUs; write it like 0-3,8$"):
        parse_cpus(typed)


def test_a_range_of_cpus_backwards() -> None:
    with pytest.raises(TaskerError, match=r"^cannot read '5-3' as a range of CPUs; write the lower number first$"):
        parse_cpus("0,5-3")


def test_the_longest_list_of_cpus() -> None:
    assert parse_cpus(f"{'1,' * (LONGEST_CPU_LIST // 2 - 1)}1") == "1"
    with pytest.raises(TaskerError):
        parse_cpus(f"{'1,' * (LONGEST_CPU_LIST // 2)}1")


@pytest.mark.parametrize("typed", ["", "-1", "1.5", "1e3", "1_000", "٣", "1" * 19])
def test_no_whole_number(typed: str) -> None:
    with pytest.raises(TaskerError, match=r"^cannot read .* as a whole number$"):
        parse_count(typed)


@pytest.mark.parametrize("typed", ["", "-1", "1e3", "1.", "nan", "inf", "٣"])
def test_no_number(typed: str) -> None:
    with pytest.raises(TaskerError, match=r"^cannot read .* as a number$"):
        parse_number(typed)


def test_a_number() -> None:
    assert [parse_number(text) for text in (".5", "0.25", "4")] == [0.5, 0.25, 4.0]
