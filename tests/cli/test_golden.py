"""The golden screens' own rules: what varies is made the same, columns stay, and renewing never passes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli import golden


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(golden, "SCREENS", tmp_path)
    monkeypatch.delenv(golden.UPDATE, raising=False)


def test_what_varies_is_the_same_and_columns_stay() -> None:
    for job, ran, when in (("abcdefgh", "0.3s", "2026-11-24 10:45:21"), ("qwertyui", "12s", "2027-01-01 00:00:00")):
        rows = [f"{job}  {ran:<8}  sleep 60s.log", f"{job} exited after {ran}", when, "pid 17 (uid 61003)", "", ""]
        assert golden.normalised(rows, {job: "k3v9x2mq"}, {}).split("\n") == [
            "k3v9x2mq  1.5s      sleep 1.5s.log",
            "k3v9x2mq exited after 1.5s",
            "2026-01-02 03:04:05",
            "pid 4242 (uid 60000)",
            "",
        ]


def test_a_width_of_its_own() -> None:
    vary = {r"\d+(?:\.\d)?%": "9%"}
    assert golden.normalised(["CPU 12.5%  of", "CPU 3%     of"], {}, vary) == "CPU 9%     of\nCPU 9%     of\n"
    assert golden.normalised(["held 12.5% of", "held 3% of"], {}, vary) == "held 9% of\nheld 9% of\n"


def test_a_screen_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AssertionError, match="there is no"):
        golden.check("x", ["a"], {})
    monkeypatch.setenv(golden.UPDATE, "1")
    with pytest.raises(AssertionError, match="wrote"):
        golden.check("x", ["a", ""], {})
    monkeypatch.delenv(golden.UPDATE)
    golden.check("x", ["a"], {})
    with pytest.raises(AssertionError, match="not the screen"):
        golden.check("x", ["b"], {})
