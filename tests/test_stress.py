"""Staging under noise: what is added, what is staged, what is kept, and what it scored."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import sklearn.metrics as sk
from scipy.signal import welch

from datasets.folds import Fold
from datasets.night import Night
from datasets.noise import KINDS, Noise
from datasets.noise_mix import at_snr
from datasets.parquet import Subject, read_night, read_subject, write_night
from datasets.stages import SCHEMES
from datasets.windows import load_night
from kd_core.confusion import Confusion
from kd_core.predict import predict
from orchestration.batches import Batches
from orchestration.build import build
from orchestration.chosen import BASELINE, Chosen, ChosenFold, Record
from orchestration.denoising import stress
from orchestration.denoising.classical import band_pass
from orchestration.denoising.stress import open_network, stress_night
from orchestration.denoising.stress_asked import asked_of, by_night, stressed_rows, subjects_of
from orchestration.denoising.stress_fronts import BARE, front_of, fronts_of
from orchestration.denoising.stress_job import pictures
from orchestration.denoising.stress_job import stress as run_stress
from orchestration.denoising.stress_night import middle_snr_db, noise_along, track_of
from orchestration.denoising.stress_points import Way, read_stress
from orchestration.denoising.stress_scores import Heard, lines_of
from orchestration.denoising.stress_store import (
    Asked,
    Condition,
    Level,
    StressedNight,
    lacking,
    levels_of,
    read_stressed,
    seed_of,
    write_stressed,
)
from orchestration.denoising.stress_table import stress_files
from orchestration.probabilities import read_confusion
from orchestration.scoring import score
from orchestration.store import Store
from tests.small import small_plan, small_sweep

S = 6000


def drawn_noise(seconds: int = 60) -> Noise:
    """White noise of each kind at 360 Hz."""
    rng = np.random.default_rng(0)
    signals = {kind: rng.normal(size=(2, 360 * seconds)).astype(np.float32) for kind in KINDS}
    return Noise.whole(signals)


def cut_night(onset_s: np.ndarray, page_s: float, segment: np.ndarray) -> tuple[Night, np.ndarray]:
    """A night cut from a known signal, and the signal."""
    borrowed_s = 5.0 if page_s < 25 else 0.0
    starts = np.rint((onset_s - borrowed_s) * 200).astype(int)
    signal = np.random.default_rng(1).normal(size=starts[-1] + S).astype(np.float32)
    rows = np.stack([signal[start : start + S] for start in starts])
    n = len(segment)
    night = Night(
        subject="01-02-0001",
        subset="SS2",
        person="Ada",
        page_s=page_s,
        eeg_channel="EEG",
        ecg_channel="ECG",
        segment=segment.astype(np.int32),
        onset_s=onset_s,
        stage=np.zeros(n, np.int8),
        eeg=rows,
        ecg=rows,
    )
    return night, signal


@pytest.mark.parametrize("page_s", [30.0, 29.99808, 20.0, 19.99872])
def test_a_night_is_joined_to_the_signal_it_was_cut_from_and_cut_again(page_s: float) -> None:
    segment = np.array([0, 1, 2, 3, 7, 8, 9])  # a gap after the fourth
    night, signal = cut_night(20.9 + page_s * segment, page_s, segment)
    track = track_of(night)
    np.testing.assert_array_equal(track.rows(track.samples), night.ecg)
    first, second = track.stretches
    begin = round((20.9 - (5 if page_s < 25 else 0)) * 200)
    np.testing.assert_array_equal(track.samples[first], signal[begin : begin + first.stop])
    np.testing.assert_array_equal(track.samples[second], signal[begin + track.onsets[1] :])
    assert track.span == len(signal) - begin


def test_a_sample_between_two_segments_parts_two_stretches() -> None:
    night, _ = cut_night(np.array([0.0, 30.005, 60.0]), 30.0, np.arange(3))
    assert [s.stop - s.start for s in track_of(night).stretches] == [S, S + S - 1]


def test_noise_goes_on_over_a_gap_and_is_the_same_at_every_snr() -> None:
    segment = np.array([0, 1, 4, 5])
    track = track_of(cut_night(30.0 * segment, 30.0, segment)[0])
    whole = track_of(cut_night(30.0 * np.arange(6), 30.0, np.arange(6))[0])
    noise = drawn_noise()
    parts, all_of_it = (noise_along(t, noise, "group 2", 5) for t in (track, whole))
    np.testing.assert_array_equal(parts[: 2 * S], all_of_it[: 2 * S])
    np.testing.assert_array_equal(parts[2 * S :], all_of_it[4 * S :])
    loud, soft = (at_snr(track.samples, parts, snr_db) for snr_db in (0.0, 20.0))
    np.testing.assert_allclose(loud, 10 * soft)
    ratio = track.samples.var(dtype=np.float64) / np.square(loud).mean()
    assert 10 * np.log10(ratio) == pytest.approx(0.0, abs=1e-9)


def test_noise_at_the_rate_of_nights_keeps_its_spectrum_below_90_hz() -> None:
    track = track_of(cut_night(30.0 * np.arange(4), 30.0, np.arange(4))[0])
    noise = drawn_noise(600)
    added = noise_along(track, noise, "group 1", 3)
    hz, density = welch(added, 200, nperseg=1024)
    expected = (0.6**2 + 0.2**2 + 0.2**2) / 180  # of white noise, a Hz, one-sided
    assert density[(hz > 5) & (hz < 90)].mean() == pytest.approx(expected, rel=0.05)


def test_an_artefact_makes_the_middle_segment_noisier_than_the_night() -> None:
    night, _ = cut_night(30.0 * np.arange(9), 30.0, np.arange(9))
    night.ecg[4] *= 30.0
    track = track_of(night)
    added = at_snr(track.samples, np.random.default_rng(0).normal(size=9 * S), 6.0)
    ratio = (8 + 900) / 9  # of the night's power to that of a calm segment
    assert middle_snr_db(track, added) == pytest.approx(6 - 10 * np.log10(ratio), abs=0.2)


def test_each_stretch_is_denoised_by_itself_and_whole() -> None:
    segment = np.array([0, 1, 2, 6])
    track = track_of(cut_night(30.0 * segment, 30.0, segment)[0])
    with front_of("band-pass").opened() as denoise:
        found = track.through(denoise, track.samples)
    for stretch in track.stretches:
        expected = band_pass(track.samples[stretch][None], 200.0)[0]
        np.testing.assert_array_equal(found[stretch], expected)
    with BARE.opened() as nothing:
        np.testing.assert_array_equal(track.through(nothing, track.samples), track.samples)


def test_a_denoiser_that_loses_samples_is_refused() -> None:
    track = track_of(cut_night(30.0 * np.arange(2), 30.0, np.arange(2))[0])
    with pytest.raises(ValueError, match="as many finite ones"):
        track.through(lambda samples, hz: samples[1:], track.samples)


def test_what_is_no_denoiser_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="neither one of"):
        front_of(str(tmp_path))
    assert [front.name for front in fronts_of(["wavelet", "wavelet"])] == ["none", "wavelet"]


class Swept(NamedTuple):
    """A sweep of one scheme, one fold and one row that was scored."""

    store: Store
    record: Record


@pytest.fixture(scope="module")
def swept(nights: Path, tmp_path_factory: pytest.TempPathFactory) -> Swept:
    sweep, store = small_sweep(nights, tmp_path_factory.mktemp("storage"), small_plan())
    experiment = sweep.over_folds("W-N-R", sweep.plan.point(BASELINE))[0]
    outcome = build(experiment, store, lambda phase: lambda epoch: None)
    fold: Fold = experiment.fold
    score(experiment, [read_subject(nights / f"{name}.parquet") for name in fold.test], store.root)
    chosen = ChosenFold(fold=0, key=outcome.key, test=fold.test, validation=outcome.validation)
    row = row_of(BASELINE, (chosen,))
    record = Record(
        name="sweep",
        plan={},
        finished_at="2026-01-01",
        nights={},
        phases={},
        rows=(row,),
        made={"windows": sweep.windows},
    )
    return Swept(store, record)


def row_of(name: str, folds: tuple[ChosenFold, ...], view: str = "student_view") -> Chosen:
    return Chosen(scheme="W-N-R", row=name, view=view, point=name, folds=folds)


def asked_in(swept: Swept, *conditions: Condition) -> list[Asked]:
    row = swept.record.rows[0]
    subjects = subjects_of([row], swept.store)
    return [one for c in conditions for one in asked_of(row, subjects, "n", c)]


def stage(swept: Swept, asked: list[Asked]) -> list[StressedNight]:
    for night in by_night(lacking(asked, swept.store)):
        stress_night(night, drawn_noise(), swept.store.root)
    return read_stressed(swept.store, asked)


def test_clean_ecg_is_staged_as_the_sweep_scored_it(swept: Swept) -> None:
    asked = asked_in(swept, Condition(Level()))
    for one, night in zip(asked, stage(swept, asked), strict=True):
        expected = read_confusion(swept.store, one.phase, one.subject.name)
        assert night.confusion.counts.tolist() == expected.counts.tolist()
        assert (night.subject, night.person) == (one.subject.name, one.subject.person)


def test_a_noisy_night_is_staged_as_if_it_had_been_recorded_so(
    swept: Swept, nights: Path, tmp_path: Path
) -> None:
    level = Level("group 3", 3.0)
    one = asked_in(swept, Condition(level, front_of("band-pass")))[0]
    night = read_night(nights / f"{one.subject.name}.parquet")
    track = track_of(night)
    seed = seed_of(one.subject, "n", "group 3")
    added = at_snr(track.samples, noise_along(track, drawn_noise(), "group 3", seed), 3.0)
    noisy = (track.samples + added).astype(np.float32)
    assert len(track.stretches) == 1
    ecg = track.rows(band_pass(noisy[None], 200.0)[0])
    write_night(path := tmp_path / "night.parquet", replace(night, ecg=ecg), "source", {})
    network = open_network(swept.store, one.phase)
    recorded = load_night(path, SCHEMES["W-N-R"])
    batches = Batches([recorded], network.spec["segments"], 64).in_order()
    ((said, true),) = predict(network.model, batches, "student_view")
    scored = true.flatten() != -1
    expected = sk.confusion_matrix(
        true.flatten()[scored], said.argmax(1).flatten()[scored], labels=[0, 1, 2]
    )
    (found,) = stage(swept, [one])
    assert found.confusion.counts.tolist() == expected.tolist()
    assert found.spread_mv == pytest.approx(np.subtract(*np.percentile(ecg, (75, 25))), rel=0.01)


def test_what_is_kept_is_not_done_again(swept: Swept, monkeypatch: pytest.MonkeyPatch) -> None:
    conditions = [Condition(Level()), Condition(Level("group 1", 0.0))]
    asked = asked_in(swept, *conditions)
    before = stage(swept, asked)
    assert lacking(asked, swept.store) == []
    Path(swept.store.root, asked[-1].path).unlink()
    assert lacking(asked, swept.store) == [asked[-1]]
    kept: list[Asked] = []

    def keep(store: Store, one: Asked, *found: Any) -> None:
        kept.append(one)
        write_stressed(store, one, *found)

    monkeypatch.setattr(stress, "write_stressed", keep)
    after = stage(swept, asked)
    assert kept == [asked[-1]]
    for one, other in zip(before, after, strict=True):
        assert one.confusion.counts.tolist() == other.confusion.counts.tolist()


def test_a_file_is_named_by_all_that_decides_it(swept: Swept) -> None:
    one = asked_in(swept, Condition(Level("group 1", 6.0)))[0]
    others = [
        one._replace(phase="0" * 16),
        one._replace(subject=replace(one.subject, source_hash="f" * 64)),
        one._replace(noise="other"),
        one._replace(condition=Condition(Level("group 2", 6.0))),
        one._replace(condition=Condition(Level("group 1", 5.0))),
        one._replace(condition=Condition(Level("group 1", 6.0), front_of("wavelet"))),
    ]
    assert len({one.path, *(other.path for other in others)}) == 7
    clean = one._replace(condition=Condition(Level()))
    assert clean.path == clean._replace(noise="other").path


def test_the_same_noise_for_all_networks_and_another_for_each_night() -> None:
    one, other = (subject_of(name, name[-1] * 64) for name in ("a", "b"))
    assert seed_of(one, "n", "group 1") == seed_of(one, "n", "group 1")
    seeds = {seed_of(s, "n", group) for s in (one, other) for group in ("group 1", "group 2")}
    assert len(seeds) == 4


def test_rows_are_the_best_distilled_one_and_its_baseline_and_none_that_reads_eeg() -> None:
    def fold(validation_score: float) -> tuple[ChosenFold, ...]:
        return (ChosenFold(fold=0, key="k", test=("a",), validation={"score": validation_score}),)

    rows = [
        row_of("EEG baseline", fold(0.9), "teacher_view"),
        row_of(BASELINE, fold(0.8)),
        row_of("SD+CL", fold(0.6)),
        row_of("AT+CL", fold(0.7)),
        row_of("AT+SD+CL", ()),
    ]
    assert [row.row for row in stressed_rows(rows)] == ["AT+CL", BASELINE]
    assert [row.row for row in stressed_rows(rows, "SD+CL")] == ["SD+CL"]
    with pytest.raises(ValueError, match="no finished row 'EEG baseline'"):
        stressed_rows(rows, "EEG baseline")


def test_a_night_that_was_ingested_anew_is_refused(swept: Swept, tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    for part in ("phases", "scores"):
        Path(store.root, part).symlink_to(Path(swept.store.root, part))
    row = swept.record.rows[0]
    windows = Path(store.root, "windows", str(swept.record.made["windows"]))
    windows.mkdir(parents=True)
    for name in row.folds[0].test:
        night = read_night(Path(swept.store.root, "windows", windows.name, f"{name}.parquet"))
        write_night(windows / f"{name}.parquet", night, "of another recording", {})
    with pytest.raises(ValueError, match="not those that the sweep scored"):
        subjects_of([row], store)


def test_a_recording_that_is_not_the_one_the_sweeps_nights_were_made_of_is_refused(
    swept: Swept,
) -> None:
    one = asked_in(swept, Condition(Level()))[0]
    other = one._replace(subject=replace(one.subject, source_hash="f" * 64))
    with pytest.raises(ValueError, match=r"'f{16}' is meant: it was ingested anew"):
        stress_night([other], drawn_noise(), swept.store.root)


def night_of(person: str, name: str, counts: list[list[int]]) -> StressedNight:
    matrix = Confusion(("W", "N", "R"), np.array(counts, np.int64))
    return StressedNight(
        subject=name, person=person, confusion=matrix, middle_snr_db=None, spread_mv=0.1
    )


def heard(front: str, seed: int) -> Heard:
    """Eleven nights of ten people; those of a seed are near the others'."""
    rng = np.random.default_rng(seed)
    people = [f"p{min(i, 9)}" for i in range(11)]
    counts = [
        rng.integers(1, 30, (3, 3)) + (20 + 10 * seed) * np.eye(3, dtype=int) for _ in people
    ]
    nights = [
        night_of(p, str(i), c.tolist())
        for i, (p, c) in enumerate(zip(people, counts, strict=True))
    ]
    return Heard(
        scheme="W-N-R", row="SD+CL", level=Level(), learned="none", front=front, nights=nights
    )


def test_scores_are_of_all_segments_and_gains_are_paired_over_people() -> None:
    bare, denoised = heard("none", 0), heard("u-lde-net", 1)
    first, second = lines_of([bare, denoised])
    true, said = labels_of(bare)
    assert first.scores["kappa"].estimate == pytest.approx(sk.cohen_kappa_score(true, said))
    weighted = sk.f1_score(true, said, average="weighted")
    assert first.scores["weighted_f1"].estimate == pytest.approx(weighted)
    assert (first.nights, first.people, first.gains) == (11, 10, {})
    gain = second.gains["kappa"]
    difference = second.scores["kappa"].estimate - first.scores["kappa"].estimate
    assert gain.pooled.estimate == pytest.approx(difference)
    assert gain.pooled.low < difference < gain.pooled.high
    assert gain.people.subjects == 10


def test_conditions_of_other_nights_are_not_paired() -> None:
    bare, denoised = heard("none", 0), heard("u-lde-net", 1)
    with pytest.raises(ValueError, match="not run on the same nights"):
        lines_of([bare, replace(denoised, nights=denoised.nights[1:])])


def labels_of(heard: Heard) -> tuple[np.ndarray, np.ndarray]:
    """True and predicted labels, a pair a segment."""
    counts = sum(night.confusion.counts for night in heard.nights)
    true, said = np.divmod(np.repeat(np.arange(9), np.asarray(counts).ravel()), 3)
    return true, said


def subject_of(name: str, source_hash: str) -> Subject:
    return Subject(name, "SS1", name, source_hash, (1, 1, 1, 1, 1), "EEG", "ECG", 30.0)


@pytest.mark.ray
def test_a_sweep_under_noise_gives_a_row_a_condition(swept: Swept, ray_session: None) -> None:
    fronts = fronts_of(["band-pass"])
    noise = drawn_noise()
    files = run_stress(swept.store, swept.record, "", noise, fronts, [0.0])
    rows = list(csv.DictReader(io.StringIO(files["stress.csv"].decode())))
    assert [(row["group"], row["snr_db"], row["denoiser"]) for row in rows] == [
        (level.group, "" if level.snr_db is None else "0.0", front.name)
        for level in levels_of(["group 1", "group 2", "group 3"], [0.0])
        for front in fronts
    ]
    assert [row["kappa_gain"] == "" for row in rows] == [True, False] * 4
    told = json.loads(files["stress.json"])
    assert len(told["conditions"]) == 8
    assert told["denoisers"].keys() == {"none", "band-pass"}
    assert "## W-N-R: ECG baseline" in files["stress.md"].decode()
    assert run_stress(swept.store, swept.record, "", noise, fronts, [0.0]).keys() == files.keys()


def stress_of(learned: str, about: dict[str, Any], *fronts: str) -> bytes:
    """The stress.json of networks that learned behind something."""
    found = [replace(heard(front, n), learned=learned) for n, front in enumerate(fronts)]
    return stress_files(lines_of(found), {"note": "", **about})["stress.json"]


def test_the_figure_is_drawn_from_what_was_written() -> None:
    lines = lines_of([heard("none", 0), heard("u-lde-net", 1), heard("band-pass", 2)])
    content = stress_of("none", {}, "none", "u-lde-net", "band-pass")
    (found,) = read_stress({"stress.json": content})
    assert (found.scheme, found.row, found.file) == ("W-N-R", "SD+CL", "W-N-R_SDCL")
    assert found.ways == tuple(Way("none", front) for front in ("none", "u-lde-net", "band-pass"))
    assert [(p.way.front, p.metric, p.snr_db) for p in found.found] == [
        (line.front, metric, np.inf) for line in lines for metric in ("kappa", "weighted_f1")
    ]
    interval = lines[1].scores["kappa"]
    assert (found.found[2].value, found.found[2].low, found.found[2].high) == tuple(interval)
    share = lines[0].floors["Floor: commonest class"]
    assert found.floors == {name: share[name] for name in ("kappa", "weighted_f1")}


SAME = {"noise": "n", "made": {"data": "d"}}


def test_networks_that_learned_otherwise_are_drawn_beside() -> None:
    plain = stress_of("none", SAME, "none", "u-lde-net")
    behind = stress_of("u-lde-net", SAME, "none", "u-lde-net")
    (found,) = read_stress({"plain.json": plain, "behind.json": behind})
    assert [str(way) for way in found.ways] == [
        "learned without a denoiser",
        "learned without a denoiser, u-lde-net in front",
        "learned behind u-lde-net, without it",
        "learned behind u-lde-net",
    ]
    assert [way.as_learned for way in found.ways] == [True, False, False, True]
    files = pictures({"plain.json": plain, "behind.json": behind})
    assert list(files) == ["stress_W-N-R_SDCL.png", "stress_W-N-R_SDCL.svg"]
    assert files["stress_W-N-R_SDCL.png"].startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (
            ("u-lde-net", SAME | {"noise": "m"}),
            "plain.json and other.json: SD.CL of W-N-R was",
        ),
        (("u-lde-net", SAME | {"made": {"data": "e"}}), "not tested on the same nights and noise"),
        (("none", SAME), "each has SD.CL of W-N-R, learned without a denoiser, and a figure"),
    ],
)
def test_what_cannot_be_drawn_together_is_refused(other: tuple[str, Any], said: str) -> None:
    plain, beside = stress_of("none", SAME, "none"), stress_of(*other, "none")
    with pytest.raises(ValueError, match=said):
        read_stress({"plain.json": plain, "other.json": beside})


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"conditions": [1]}'])
def test_what_is_no_stress_test_is_told(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"other.json is no stress.json of .*stress_test"):
        read_stress({"other.json": content})
