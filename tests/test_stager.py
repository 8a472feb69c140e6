"""From whatever a person has in hand to stages: sources, scaling, polarity, refusals."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import mne
import numpy as np
import pytest

from datasets.ecg import EcgRecording
from datasets.signals import halved
from datasets.stages import UNSCORED
from datasets.windows import SCALINGS, ScaledNight
from kd_core.models import model_spec
from kd_core.predict import predict
from orchestration.batches import Batches
from orchestration.staging import load
from orchestration.staging.refusals import Refused
from tests.ecg_nights import START, an_ecg, write_night
from tests.exported import an_export, settled
from tests.stagers import a_stager

MINUTES = 25
NOX = Path(__file__).resolve().parents[2] / "shared" / "data" / "nox" / "subject1.edf"


def recording(samples: np.ndarray, hz: float = 200.0) -> EcgRecording:
    return EcgRecording(name="night", label="ECG", samples=samples, hz=hz)


def test_three_lines_stage_a_file(tmp_path: Path) -> None:
    stager = load(an_export(tmp_path))
    night = stager.stage(write_night(tmp_path / "night.edf", hz=256))
    assert night.plot().axes
    assert night.stages == [night.classes[label] for label in night.labels]
    assert (night.start, night.channel, len(night.labels)) == (START, "ECG I", 2 * MINUTES)


@pytest.mark.parametrize("scaling", ["night", "segment", "none"])
def test_a_night_is_staged_as_test_nights_are_scored(scaling: str) -> None:
    stager, ecg = a_stager("tiny", scaling), an_ecg(minutes=MINUTES)
    rows = ecg.reshape(-1, 6000)
    half, n = halved(SCALINGS[scaling](rows.copy())), len(rows)
    opened = ScaledNight("night", half, half, np.full(n, UNSCORED), np.arange(n, dtype=np.int32))
    batches = Batches([opened], n, 1).in_order()
    ((expected, _),) = predict(settled(model_spec("tiny", 4)), batches, "student_view")
    found = stager.stage(recording(ecg)).probabilities
    np.testing.assert_allclose(found, expected[0].T.numpy(), atol=2e-6)


def test_all_sources_say_the_same(tmp_path: Path) -> None:
    stager, ecg = a_stager(), an_ecg(minutes=MINUTES)
    expected = stager.stage(recording(ecg)).probabilities
    info = mne.create_info(["EEG C4", "heart"], 200.0, ["eeg", "ecg"])
    raw = mne.io.RawArray(np.stack([ecg, ecg])[:, :] * [[0], [1e-3]], info, verbose="error")
    raw.set_meas_date(datetime.fromisoformat("2026-11-20T22:30:00+00:00"))
    sources: list[tuple[Any, dict[str, Any]]] = [
        (ecg, {"hz": 200}),
        (ecg.astype(np.float64) * 1e3, {"hz": 200.0, "unit": "uV"}),
        (raw, {}),
        (raw, {"channel": "heart"}),
    ]
    for source, words in sources:
        found = stager.stage(source, **words)
        np.testing.assert_allclose(found.probabilities, expected, atol=2e-3)
    assert found.start == START
    cropped = stager.stage(raw.copy().crop(tmin=60.0))
    assert cropped.start == START + timedelta(seconds=60)
    from_file = stager.stage(write_night(tmp_path / "night.edf"))  # rounded to 16 bits
    np.testing.assert_allclose(from_file.probabilities, expected, atol=2e-2)
    with pytest.raises(TypeError, match="found list; allowed are a path"):
        stager.stage([1, 2])
    with pytest.raises(ValueError, match="does not tell its rate"):
        stager.stage(ecg)


def test_gain_and_offset_of_a_recorder_change_nothing() -> None:
    stager, ecg = a_stager(), an_ecg(minutes=MINUTES)
    expected = stager.stage(recording(ecg)).probabilities
    found = stager.stage(recording(3 * ecg + np.float32(0.7))).probabilities
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_another_rate_says_nearly_the_same() -> None:
    stager = a_stager()
    expected = stager.stage(recording(an_ecg(200.0, MINUTES))).labels
    found = stager.stage(recording(an_ecg(512.0, MINUTES), hz=512.0)).labels
    assert len(found) == len(expected)


@pytest.mark.parametrize(("polarity", "turned"), [("auto", True), ("keep", False), ("flip", True)])
def test_an_ecg_upside_down_is_turned_and_that_is_told(polarity: str, turned: bool) -> None:
    stager, ecg = a_stager(), an_ecg(minutes=MINUTES)
    expected = stager.stage(recording(ecg if turned else -ecg), polarity="keep")
    found = stager.stage(recording(-ecg), polarity=polarity)
    np.testing.assert_array_equal(found.probabilities, expected.probabilities)
    assert any("turned" in note for note in found.notes) == turned


def test_an_ecg_that_is_upright_is_left_alone() -> None:
    assert a_stager().stage(recording(an_ecg(minutes=MINUTES))).notes == ()


@pytest.mark.parametrize("output_s", [30, 20, 7, 1])
def test_labels_come_as_often_as_asked(output_s: int) -> None:
    night = a_stager().stage(recording(an_ecg(minutes=MINUTES)), output_s=output_s)
    assert len(night.labels) == MINUTES * 60 // output_s
    np.testing.assert_allclose(night.probabilities.sum(1), 1)


def test_what_cannot_be_staged_is_unscored_and_the_rest_is_not() -> None:
    ecg = an_ecg(minutes=40)
    ecg[200 * 600 : 200 * 900] = np.nan
    ecg[200 * 1200 : 200 * 1320] = 0
    night = a_stager().stage(recording(ecg))
    unscored = np.flatnonzero(night.labels == UNSCORED)
    np.testing.assert_array_equal(unscored, [*range(20, 30), *range(40, 44)])
    assert np.isnan(night.probabilities[unscored]).all()


def test_refusals_name_reasons_and_force_records_them() -> None:
    short = recording(an_ecg(minutes=5))
    with pytest.raises(Refused, match="--force") as refused:
        a_stager().stage(short)
    assert len(refused.value.reasons) == 1
    forced = a_stager().stage(short, force=True)
    assert forced.forced == refused.value.reasons
    assert len(forced.labels) == 10


def test_nothing_at_all_is_refused_too() -> None:
    with pytest.raises(Refused):
        a_stager().stage(recording(np.empty(0, np.float32)))
    nothing = a_stager().stage(recording(np.full(100, np.nan, np.float32)), force=True)
    assert len(nothing.labels) == 0


@pytest.mark.skipif(not NOX.exists(), reason="the recording is not at hand")
def test_two_minutes_of_a_clinical_recording_are_refused_for_their_length_alone() -> None:
    with pytest.raises(Refused) as refused:
        a_stager().stage(NOX)
    assert len(refused.value.reasons) == 1
    assert "20 min" in refused.value.reasons[0]
    assert len(a_stager().stage(NOX, force=True).labels) == 4


def test_words_that_are_not_allowed_are_named() -> None:
    with pytest.raises(ValueError, match="polarity is 'up'; allowed are"):
        a_stager().stage(recording(an_ecg()), polarity="up")
    with pytest.raises(ValueError, match="every 0 s; allowed are whole seconds from 1 to 30"):
        a_stager().stage(recording(an_ecg()), output_s=0)


def test_the_reference_network_takes_a_night_in_pieces_of_bounded_size() -> None:
    stager = a_stager("reference", "segment")
    sizes = []

    def watched(samples: np.ndarray) -> np.ndarray:
        sizes.append(len(samples))
        return np.zeros((4, len(samples) // 200), np.float32)

    night = recording(np.tile(an_ecg(minutes=20), 24))
    type(stager)(stager.spec, watched).logits(night, np.zeros(night.whole_seconds, bool))
    assert max(sizes) <= 242 * 6000
