"""What is refused, why, and what is not."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from datasets.edf import read_signals
from orchestration.staging.heart import Heart, listen
from orchestration.staging.quality import KINDS, Quality, assess
from orchestration.staging.refusals import FORCE, SHORTEST_S, Refused, reasons_to_refuse

NOX = Path(__file__).parents[2] / "shared" / "data" / "nox" / "subject1.edf"
SECONDS = 3600
real = pytest.mark.skipif(not NOX.exists(), reason="no real recordings beside the repository")


def quality(**shares: float) -> Quality:
    """An hour whose seconds are of these kinds, one after the other."""
    flags, first = {kind: np.zeros(SECONDS, bool) for kind in KINDS}, 0
    for kind, share in shares.items():
        last = first + round(share * SECONDS)
        flags[kind][first:last] = True
        first = last
    return Quality(**flags)


def heart(*rates: float) -> Heart:
    """An hour's heart rates, repeated."""
    return Heart(np.empty(0), np.resize(np.array(rates), SECONDS // 30))


@pytest.mark.parametrize("rates", [(60.0,), (25.0,), (220.0,), (60.0, np.nan), (40.0, 90.0)])
@pytest.mark.parametrize("shares", [{}, {"noisy": 0.5}, {"missing": 0.25, "flat": 0.25}])
def test_what_is_long_usable_and_beats_is_not_refused(
    shares: dict[str, float], rates: tuple[float, ...]
) -> None:
    assert reasons_to_refuse(SHORTEST_S, quality(**shares), heart(*rates)) == ()
    assert reasons_to_refuse(SHORTEST_S, quality(**shares), None) == ()


def test_a_short_recording_is_refused() -> None:
    (reason,) = reasons_to_refuse(1199.9, quality(), heart(60))
    assert reason == "It lasts 19 min 59 s; at least 20 min are needed. Record for longer."


@pytest.mark.parametrize(
    ("kind", "means"),
    [
        ("missing", "has no samples"),
        ("saturated", "limits"),
        ("flat", "stands still"),
        ("noisy", "does not look like an ECG"),
    ],
)
def test_a_mostly_unusable_recording_is_refused_for_its_worst_kind(kind: str, means: str) -> None:
    other = "flat" if kind == "noisy" else "noisy"
    (reason,) = reasons_to_refuse(SECONDS, quality(**{kind: 0.4, other: 0.11}), heart(60))
    assert "51.0% of it cannot be used" in reason
    assert f"{kind} 40.0%" in reason
    assert f"{other} 11.0%" in reason
    assert "at most 50% may be" in reason
    assert means in reason


@pytest.mark.parametrize("rate", [12.0, 24.9, 220.1, 300.0])
def test_a_heart_that_nobody_has_is_refused(rate: float) -> None:
    (reason,) = reasons_to_refuse(SECONDS, quality(), heart(rate))
    assert f"{rate} a minute; allowed are 25 to 220" in reason


@pytest.mark.parametrize("rates", [(60, np.nan, np.nan), (np.nan,), (60, 230, 70, 231, 232)])
def test_a_heart_that_is_seldom_steady_is_refused(rates: tuple[float, ...]) -> None:
    (reason,) = reasons_to_refuse(SECONDS, quality(), heart(*rates))
    assert "at least 50% must" in reason or "230.0 a minute" in reason


def test_the_heart_is_judged_where_the_signal_can_be_used() -> None:
    rates = np.where(np.arange(120) < 48, np.nan, 60.0)
    assert reasons_to_refuse(SECONDS, quality(noisy=0.4), Heart(np.empty(0), rates)) == ()
    nothing = reasons_to_refuse(SECONDS, quality(flat=1), heart(np.nan))
    assert len(nothing) == 1
    assert "flat 100.0%" in nothing[0]


def test_reasons_add_up() -> None:
    reasons = reasons_to_refuse(60, quality(noisy=0.9), heart(250))
    assert len(reasons) == 3
    assert all(reason.endswith(".") and "force" not in reason for reason in reasons)


def test_a_recording_too_short_for_any_flag_is_refused_for_its_length() -> None:
    none = assess(np.zeros(10, np.float32), 200.0)
    assert len(reasons_to_refuse(0.05, none, Heart(np.empty(0), np.empty(0)))) == 1


def test_the_error_says_all_and_travels_between_processes() -> None:
    error = Refused("night <1>", ("It is short.", "It is flat."))
    assert str(error) == f"night <1> was not staged. It is short. It is flat. {FORCE}"
    again = pickle.loads(pickle.dumps(error))
    assert (again.reasons, str(again)) == (("It is short.", "It is flat."), str(error))
    assert isinstance(error, ValueError)


def judged(label: str, repeats: int) -> tuple[str, ...]:
    """The reasons against a channel of a real recording of 2 minutes, repeated."""
    (channel,) = read_signals(NOX, [label])
    samples = np.tile(1000 * channel.samples, repeats)  # V to mV
    found = assess(samples, channel.hz)
    return reasons_to_refuse(
        len(samples) / channel.hz, found, listen(samples, channel.hz, found.unusable)
    )


@real
def test_a_real_ecg_of_two_minutes_is_refused_for_its_length_alone() -> None:
    (reason,) = judged("ECG", 1)
    assert reason.startswith("It lasts 2 min 0 s")
    assert judged("ECG", 10) == ()


@real
@pytest.mark.parametrize("label", ["C3-M2", "O2-M1", "F4-M1", "E1-M2", "Pulse Waveform"])
def test_other_real_signals_are_refused_as_no_ecg(label: str) -> None:
    (reason,) = judged(label, 20)
    assert "it does not look like an ECG" in reason
