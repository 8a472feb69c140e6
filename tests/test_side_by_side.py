"""What the benchmarks say of two ways: ratios from medians, and no ratio of different results."""

import time
from dataclasses import asdict

import pytest

from benchmarks.side_by_side import ROUNDS, Compared, Way, compare, within


def waits(seconds: float, log: list[str], name: str) -> Way:
    def do() -> str:
        log.append(name)
        time.sleep(seconds)
        return name

    return Way(name, do)


def test_both_run_in_turns_once_uncounted_and_neither_is_always_first() -> None:
    log: list[str] = []
    found = compare("x", waits(0.002, log, "a"), waits(0.1, log, "b"), 2.0, lambda a, b: a + b)
    assert log == ["a", "b", *["b", "a", "a", "b"] * (ROUNDS // 2), "b", "a"]
    assert found.agreement == "ab"
    assert found.ratio == pytest.approx(found.other_s / found.ours_s)
    assert 1 < found.ratios[0] <= found.ratio <= found.ratios[1]
    assert "met" in str(found.row["goal"])
    assert Compared(**asdict(found)) == found


def test_results_that_differ_too_much_have_no_ratio() -> None:
    assert within(-80.0, -60.0, "dB") == "-80 dB (at most -60)"
    for found in (-50.0, float("nan")):
        with pytest.raises(SystemExit, match="at most -60 may be"):
            within(found, -60.0, "dB")
