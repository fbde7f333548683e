"""Sizes and times, as people write and read them."""

from __future__ import annotations

import random

import pytest

from tasker.errors import Reason, TaskerError
from tasker.quantity import LARGEST_SIZE, format_duration, format_size, parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("4096", 4096),
        ("4096B", 4096),
        ("1K", 1024),
        ("512M", 512 << 20),
        ("512m", 512 << 20),
        ("512MB", 512 << 20),
        ("512MiB", 512 << 20),
        ("512 M", 512 << 20),
        (" 1.5G ", 3 << 29),
        ("0.1K", 102),
        ("2T", 2 << 40),
        ("1048576T", LARGEST_SIZE),
        ("999999999999999", 999_999_999_999_999),
    ],
)
def test_parse_size(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "M", "-1", "+1", "1e3", "1.5.5", ".5", "1.", "0x10", "1P", "1KK", "1 2", "1M\n1", "nan", "inf"),
        *(
            "1048577T",
            "9999999999999999",
            "١٢",
            "²",
            "1_000",
            "\uff11",
            "1\u212a",
            "1iB2",
            "1000000000000000000000000000",
        ),
    ],
)
def test_no_size(text: str) -> None:
    with pytest.raises(TaskerError) as caught:
        parse_size(text)
    assert caught.value.reason is Reason.INVALID
    assert caught.value.message.startswith("cannot ")
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        *(("0", 0), ("90", 90), ("1.5", 1.5), ("90s", 90), ("5m", 300), ("500ms", 0.5), ("1h30m", 5400)),
        *(("1h 30m", 5400), (" 2d ", 172800), ("1.5h", 5400), ("1d2h3m4s5ms", 93784.005), ("10 s", 10)),
    ],
)
def test_parse_duration(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", " ", "s", "-1s", "1 2", "1h30", "1x", "1s x", "5M", "1e3", "nan", "inf", "٣s", "٣", "1.s", "1,5s"]
)
def test_no_duration(text: str) -> None:
    with pytest.raises(TaskerError) as caught:
        parse_duration(text)
    assert caught.value.reason is Reason.INVALID


@pytest.mark.parametrize(
    ("size", "text"),
    [
        *((0, "0B"), (17, "17B"), (1023, "1023B"), (1024, "1K"), (1536, "1.5K"), (100 * 1024 + 512, "100K")),
        *((512 << 20, "512M"), (3 << 29, "1.5G"), (16 << 30, "16G"), (1 << 60, "1024P"), ((1 << 20) - 1, "1.0M")),
    ],
)
def test_format_size(size: int, text: str) -> None:
    assert format_size(size) == text


def test_what_is_printed_can_be_read_and_is_near() -> None:
    numbers = random.Random(1)  # noqa: S311
    for _ in range(2000):
        size = numbers.randrange(1 << numbers.randrange(1, 50))
        assert parse_size(format_size(size)) == pytest.approx(size, rel=0.05)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *((0, "0.0s"), (-3, "0.0s"), (0.3, "0.3s"), (9.94, "9.9s"), (9.96, "10s"), (42, "42s"), (59.6, "1m")),
        *((60, "1m"), (185, "3m 5s"), (7800, "2h 10m"), (7205, "2h"), (356400, "4d 3h"), (86400, "1d")),
    ],
)
def test_format_duration(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text
