"""What a report on denoisers is made of: measures in the store, filters, strips, counts, beats."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from datasets.clean_ecg import cut
from datasets.clean_quality import UNCLEAN, outside_share
from datasets.noise import NoiseParts, split_noise
from kd_core.fit import EpochReport, Training
from orchestration.build import Outcome, walk
from orchestration.chosen import BEST
from orchestration.denoising.classical import CLASSICAL, band_pass
from orchestration.denoising.clean import Clean, band_limit, clean_of
from orchestration.denoising.experiment import DenoisingSweep
from orchestration.denoising.heard import first_leads
from orchestration.denoising.looked_at import at_fixed_snrs, looked_at
from orchestration.denoising.main_job import Trained
from orchestration.denoising.measures import MEASURES, gains, measured, snr_db
from orchestration.denoising.report import data_used, material_of, shown_row
from orchestration.denoising.rows_of import point_said, rows_of, timed_ms
from orchestration.denoising.scoring import denoiser_of, key_of_filter, score
from orchestration.denoising.stored import open_leads, open_noise
from orchestration.denoising.table import ALONE, DISTILLED, TEACHER
from orchestration.denoising.tested import (
    RECORDED,
    joined,
    measures_table,
    missing,
    noisy_of,
    path_of,
    read_tested,
    write_tested,
)
from orchestration.store import Store
from tests.denoising_runs import drawn_leads, drawn_noise, filled_store, small_sweep

SCHEME, GROUPS = "groups 1-3", ("group 1", "group 2", "group 3")


class Ran(NamedTuple):
    """A denoiser trained on one fold, tested with the filters beside it; without Ray."""

    store: Store
    sweep: DenoisingSweep
    trained: Trained


def hear_nothing(epoch: EpochReport) -> None:
    """A listener that does not listen."""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    store, patients = filled_store(tmp_path_factory.mktemp("storage"))
    sweep = small_sweep(patients, training=Training(epochs=1, batch=8))
    point = sweep.plan.point(ALONE)
    (experiment,) = sweep.over_folds(SCHEME, point)
    (outcome,) = walk([experiment], store, lambda phase: hear_nothing, lambda row: None)
    digests = sweep.digests(experiment.fold.test)
    for key in [outcome.key, *(key_of_filter(name, experiment) for name in CLASSICAL)]:
        score((key, experiment, digests), store.root)
    return Ran(store, sweep, Trained(SCHEME, ALONE, point, (outcome,)))


@pytest.fixture(scope="module")
def noise() -> NoiseParts:
    return split_noise(drawn_noise())


@pytest.fixture(scope="module")
def clean() -> Clean:
    return clean_of(drawn_leads("drawn/1", 1) + drawn_leads("drawn/2", 2), 1.0, True)


def test_measures_come_back_as_they_were_taken(
    clean: Clean, noise: NoiseParts, tmp_path: Path
) -> None:
    store = Store.open(tmp_path)
    own = clean_of(drawn_leads("drawn/1", 1), 1.0, True)
    table = measures_table(own, noise.test, GROUPS, band_pass)
    write_tested(store, "k", "drawn/1", "d1", table)
    found = read_tested(store, "k", ["drawn/1"])
    assert list(found) == list(GROUPS)
    for group, noisy in noisy_of(own, noise.test, GROUPS).items():
        for name in MEASURES:
            before = measured(own.samples, noisy)[name]
            after = measured(own.samples, band_pass(noisy, 360.0))[name]
            np.testing.assert_array_equal(found[group].before[name], before)
            np.testing.assert_array_equal(found[group].after[name], after)
        assert found[group].patient.tolist() == ["drawn/1"] * len(own)
        assert found[group].record.tolist() == ["1"] * len(own)
    rise = found["group 2"].after["SNR"] - found["group 2"].before["SNR"]
    np.testing.assert_array_equal(found["group 2"].gains["SNR"], rise)


def test_patients_and_folds_are_read_in_the_order_that_is_asked(
    noise: NoiseParts, tmp_path: Path
) -> None:
    store, own = Store.open(tmp_path), {}
    for seed, name in enumerate(("drawn/1", "drawn/2")):
        segments = clean_of(drawn_leads(name, seed), 1.0, True)
        table = measures_table(segments, noise.test, GROUPS[:2], band_pass)
        write_tested(store, "k", name, "d", table)
        own[name] = table.filter([group == "group 1" for group in table["group"].to_pylist()])
    both = read_tested(store, "k", ["drawn/2", "drawn/1"])["group 1"]
    folds = joined([read_tested(store, "k", [name]) for name in ("drawn/2", "drawn/1")])["group 1"]
    expected = np.concatenate([own[n]["noisy RMSE"].to_numpy() for n in ("drawn/2", "drawn/1")])
    for found in (both, folds):
        np.testing.assert_array_equal(found.before["RMSE"], expected)
        assert list(dict.fromkeys(found.patient.tolist())) == ["drawn/2", "drawn/1"]


def test_a_patient_is_tested_again_when_the_records_are_others_or_the_file_is_broken(
    noise: NoiseParts, tmp_path: Path
) -> None:
    store = Store.open(tmp_path)
    own = clean_of(drawn_leads("drawn/1", 1), 1.0, True)
    write_tested(store, "k", "drawn/1", "d1", measures_table(own, noise.test, GROUPS, band_pass))
    assert missing(store, "k", {"drawn/1": "d1", "drawn/2": "d2"}) == ["drawn/2"]
    assert missing(store, "k", {"drawn/1": "other"}) == ["drawn/1"]
    store.files.write(path_of("k", "drawn/1"), b"half a file")
    assert missing(store, "k", {"drawn/1": "d1"}) == ["drawn/1"]


def test_each_patient_hears_the_same_noise_whoever_else_is_tested(
    clean: Clean, noise: NoiseParts
) -> None:
    whole = noisy_of(clean, noise.test, GROUPS)
    alone = clean_of(drawn_leads("drawn/2", 2), 1.0, True)
    (found,) = noisy_of(alone, noise.test, ["group 2"]).values()
    mine = clean.segments.patient == "drawn/2"
    np.testing.assert_array_equal(found, whole["group 2"][mine])
    added = [whole["group 1"][clean.segments.patient == f"drawn/{k}"] for k in (1, 2)]
    for k in (0, 1):
        added[k] = added[k] - clean.samples[clean.segments.patient == f"drawn/{k + 1}"]
    assert not np.isclose(added[0][0], added[1][0], atol=1e-3).all()


def test_every_denoiser_is_tested_under_the_same_noise(ran: Ran) -> None:
    (experiment,) = ran.sweep.over_folds(SCHEME, ran.trained.point)
    keys = [*ran.trained.keys, *(key_of_filter(name, experiment) for name in CLASSICAL)]
    first, *others = (read_tested(ran.store, key, experiment.fold.test) for key in keys)
    for other in others:
        assert list(other) == [*GROUPS, *(group + RECORDED for group in GROUPS)]
        for group in other:
            for name in MEASURES:
                np.testing.assert_array_equal(first[group].before[name], other[group].before[name])


def test_a_filter_is_named_by_the_segments_and_the_noise_and_not_by_a_network(ran: Ran) -> None:
    (experiment,) = ran.sweep.over_folds(SCHEME, ran.trained.point)
    keys = [key_of_filter(name, experiment) for name in CLASSICAL]
    assert len(set(keys)) == len(CLASSICAL)
    other = ran.sweep.plan.point(DISTILLED)
    same = replace(experiment, point=other, seed=7, teacher_training=Training(), varied=False)
    assert [key_of_filter(name, same) for name in CLASSICAL] == keys
    changes: list[Mapping[str, object]] = [
        {"windows": "w"},
        {"noise": "n"},
        {"fold": replace(experiment.fold, index=1)},
        {"scheme": "group 1"},
        {"most_outside": 0.5},
        {"band_limited": False},
    ]
    for change in changes:
        assert key_of_filter("wavelet", replace(experiment, **change)) not in keys  # type: ignore[arg-type]
    for name, key in zip(CLASSICAL, keys, strict=True):
        assert denoiser_of(key, ran.store, experiment) is CLASSICAL[name]


def test_rows_are_the_filters_then_the_networks_that_could_be_trained(ran: Ran) -> None:
    failed = ran.trained._replace(
        name=TEACHER, outcomes=(Outcome("nowhere", {}, 0, 0, "loss is nan"),)
    )
    elsewhere = ran.trained._replace(scheme="group 1")
    rows = rows_of(ran.sweep, SCHEME, [failed, ran.trained, elsewhere], ran.store)
    assert [row.name for row in rows] == [*CLASSICAL, ALONE]
    assert [(row.parameters, row.macs) for row in rows[:-1]] == [(None, None)] * len(CLASSICAL)
    assert rows[-1].parameters == 6895
    (name,) = ran.sweep.folds[0].test
    for row in rows:
        assert list(row.groups) == list(GROUPS)
        assert row.ms is not None
        assert row.ms > 0
        assert {*row.groups["group 3"].patient.tolist()} == {name}


def test_a_point_is_said_by_what_its_method_depends_on(ran: Ran) -> None:
    point = replace(ran.sweep.plan.point(DISTILLED), alpha=0.25, beta=1.5e-4, layers="all")
    assert point_said(ran.trained._replace(point=point)) == "alpha 0.25, beta 0.00015, layers all"
    assert point_said(ran.trained) == ""


def test_time_is_of_one_thread_and_a_segment() -> None:
    import torch

    seen = []
    threads = torch.get_num_threads()

    def denoise(noisy: np.ndarray, hz: float) -> np.ndarray:
        seen.append((noisy.shape, hz, torch.get_num_threads()))
        return noisy

    assert 0 < timed_ms(denoise) < 100
    assert set(seen) == {((1, 3600), 360.0, 1)}
    assert torch.get_num_threads() == threads


def test_the_row_that_is_looked_at_is_the_best_that_there_is(ran: Ran) -> None:
    rows = [ran.trained._replace(name=name) for name in (TEACHER, ALONE, DISTILLED, BEST)]
    assert shown_row(rows).name == BEST
    assert shown_row(rows[:3]).name == DISTILLED
    assert shown_row(rows[:2]).name == ALONE
    with pytest.raises(ValueError, match="No network could be trained"):
        shown_row([])


def test_strips_are_of_the_median_gain_and_spectra_of_all_segments(
    clean: Clean, noise: NoiseParts
) -> None:
    strips, spectra = looked_at(clean, noise.test, GROUPS, "band-pass", band_pass)
    assert [strip.group for strip in strips] == [each.group for each in spectra] == list(GROUPS)
    for strip, noisy in zip(strips, noisy_of(clean, noise.test, GROUPS).values(), strict=True):
        denoised = band_pass(noisy, 360.0)
        gain = gains(measured(clean.samples, noisy), measured(clean.samples, denoised))["SNR"]
        index = int(np.argsort(gain, kind="stable")[(len(gain) - 1) // 2])
        np.testing.assert_array_equal(strip.clean, clean.samples[index])
        np.testing.assert_array_equal(strip.noisy, noisy[index])
        np.testing.assert_array_equal(strip.denoised, denoised[index])
        assert strip.gain_db == pytest.approx(gain[index])
        assert strip.title.startswith(str(clean.segments.patient[index]))
        assert strip.beats is not None
        assert len(strip.beats) > 5


def test_at_a_fixed_snr_segments_go_in_at_that_snr(clean: Clean, noise: NoiseParts) -> None:
    def nothing(noisy: np.ndarray, hz: float) -> np.ndarray:
        return noisy

    found = at_fixed_snrs(
        clean, noise.test, GROUPS, {"nothing": nothing, "band-pass": band_pass}, (0.0, 12.0)
    )
    assert len(found) == len(GROUPS) * 2 * 2
    centred = clean.samples.astype(np.float64) - clean.samples.mean(1, keepdims=True)
    np.testing.assert_allclose(centred, clean.samples, atol=1e-5)  # so SNRs mean the same
    for out in found:
        if out.row == "nothing":
            assert out.out.estimate == pytest.approx(out.snr_db, abs=0.01)
        assert np.isfinite(out.out.estimate)


def test_the_data_are_counted_on_the_segments_themselves(ran: Ran, noise: NoiseParts) -> None:
    plan = replace(ran.sweep.plan, most_outside=0.2)
    sweep = replace(ran.sweep, plan=plan)
    used, fold = data_used(sweep, noise, ran.store), sweep.folds[0]
    kept, unclean = Counter[str](), 0
    for name, digest in sweep.digests([p.name for p in sweep.patients]).items():
        for lead in open_leads(ran.store, sweep.windows, {name: digest})[name]:
            shares = outside_share(cut(lead).samples)
            kept[name] += int((shares <= 0.2).sum())
            unclean += int((shares > 0.2).sum())
    for part, names in (
        (used.training, fold.train),
        (used.validation, fold.validation),
        (used.test, fold.test),
    ):
        assert part.segments == sum(kept[name] for name in names)
        assert part.patients == len([name for name in names if kept[name]])
        assert part.records == {"drawn": part.patients}
    assert used.left_out.get(UNCLEAN, 0) == unclean
    assert used.noise_s == pytest.approx((62.0, 14.0, 24.0))
    assert (used.folds, used.band_limited) == (1, True)
    told = tuple(replace(p, unreadable={p.name: "broken"}) for p in sweep.patients[:1])
    some = replace(sweep, patients=(*told, *sweep.patients[1:]))
    assert data_used(some, noise, ran.store).unreadable == {told[0].name: "broken"}


def test_beats_are_heard_in_the_first_lead_of_each_annotated_record() -> None:
    first, second = drawn_leads("drawn/1", 1), drawn_leads("drawn/2", 2)
    unmarked = [replace(lead, record="3", beats=None) for lead in drawn_leads("drawn/3", 3)]
    chosen = list(first_leads([*first, *unmarked, *second]))
    assert [(lead.record, lead.lead) for lead in chosen] == [("1", "MLII"), ("2", "MLII")]
    np.testing.assert_array_equal(chosen[0].samples, band_limit(first[0]).samples)
    assert chosen[0].beats is first[0].beats


def test_a_test_patient_without_a_clean_segment_takes_nothing_from_the_others(
    ran: Ran, noise: NoiseParts, tmp_path: Path
) -> None:
    store, nobody = Store.open(tmp_path), clean_of(drawn_leads("drawn/9", 9), 1e-9, True)
    assert not len(nobody)
    (experiment,) = ran.sweep.over_folds(SCHEME, ran.trained.point)
    for key in (*ran.trained.keys, *(key_of_filter(name, experiment) for name in CLASSICAL)):
        denoise = denoiser_of(key, ran.store, experiment)
        write_tested(
            store, key, "drawn/9", "d9", measures_table(nobody, noise.test, GROUPS, denoise)
        )
        assert missing(store, key, {"drawn/9": "d9"}) == []
    (key,), (name,) = ran.trained.keys, experiment.fold.test
    store.files.write(path_of(key, name), ran.store.files.read(path_of(key, name)))
    alone = read_tested(store, key, [name])
    together = read_tested(store, key, ["drawn/9", name])
    folds = joined([read_tested(store, key, ["drawn/9"]), alone])
    for found in (together, folds):
        for group in GROUPS:
            assert found[group].patient.tolist() == alone[group].patient.tolist()


def test_a_fold_without_a_clean_test_segment_says_what_to_change(ran: Ran) -> None:
    sweep = replace(ran.sweep, plan=replace(ran.sweep.plan, most_outside=1e-9))
    with pytest.raises(ValueError, match=r"no segment of the test patients .* --most-outside"):
        material_of(sweep, SCHEME, [ran.trained], ran.store, "x")


@pytest.mark.parametrize("band_limited", [True, False])
def test_measures_of_a_stored_network_are_those_of_its_output(
    band_limited: bool, ran: Ran
) -> None:
    (experiment,) = ran.sweep.over_folds(SCHEME, ran.trained.point)
    digests = ran.sweep.digests(experiment.fold.test)
    (leads,) = open_leads(ran.store, ran.sweep.windows, digests).values()
    clean = clean_of(leads, experiment.most_outside, band_limited)
    noise = split_noise(open_noise(ran.store, experiment.noise)).test
    network = denoiser_of(ran.trained.keys[0], ran.store, experiment)
    noisy = noisy_of(clean, noise, GROUPS)["group 3"]
    estimate = network(noisy, 360.0).astype(np.float64)
    row = rows_of(ran.sweep, SCHEME, [ran.trained], ran.store)[-1]
    found = (row.groups if band_limited else row.recorded)["group 3"]
    expected = snr_db(clean.samples.astype(np.float64), estimate)
    np.testing.assert_allclose(found.after["SNR"], expected, rtol=1e-6)
