"""Denoisers go through the phases, fit and checkpoints of stagers; test patients stay closed."""

import csv
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from datasets.clean_parquet import CleanPatient
from datasets.clean_records import CleanLead
from datasets.noise import split_noise
from kd_core import checkpoint
from kd_core.fit import EpochReport
from kd_core.models import denoiser_spec
from orchestration.build import Outcome, walk
from orchestration.denoising.batches import NoisyBatches
from orchestration.denoising.clean import band_limit, clean_of
from orchestration.denoising.experiment import DenoisingSweep, make_sweep
from orchestration.denoising.plan import HEARD
from orchestration.denoising.stored import open_leads
from orchestration.denoising.task import denoising_task
from orchestration.denoising.tested import noisy_of
from orchestration.denoising.variation import varied
from orchestration.experiment import Phase, phases_of
from orchestration.store import Store
from tests.denoising_runs import drawn_leads, drawn_noise, filled_store, small_plan, small_sweep

SCHEME = "groups 1-3"
Ran = tuple[Store, DenoisingSweep, dict[str, Outcome], list[str]]


def hear_nothing(epoch: EpochReport) -> None:
    """A listener that does not listen."""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Every method of one fold trained, and which patients were opened for it."""
    store, patients = filled_store(tmp_path_factory.mktemp("storage"))
    sweep = small_sweep(patients)
    opened: list[str] = []

    def heard(
        store: Store, windows: str, digests: Mapping[str, str]
    ) -> dict[str, list[CleanLead]]:
        opened.extend(digests)
        return open_leads(store, windows, digests)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("orchestration.denoising.task.open_leads", heard)
        outcomes = {}
        for method in sweep.plan.methods:
            experiments = sweep.over_folds(SCHEME, sweep.plan.point(method))
            (outcomes[method],) = walk(
                experiments, store, lambda phase: hear_nothing, lambda row: None
            )
    return store, sweep, outcomes, opened


def test_the_teacher_is_trained_once_and_every_method_has_a_result(ran: Ran) -> None:
    _, _, outcomes, _ = ran
    assert [(o.built, o.reused, o.failed) for o in outcomes.values()] == [
        (1, 0, ""), (1, 0, ""), (1, 1, ""),
    ]  # fmt: skip
    for outcome in outcomes.values():
        of = {name: each["score"] for name, each in outcome.validation["subjects"].items()}
        assert outcome.validation["score"] == pytest.approx(np.mean([*of.values()]))


def test_test_patients_are_not_opened_by_training(ran: Ran) -> None:
    _, sweep, _, opened = ran
    assert opened
    assert not set(opened) & set(sweep.folds[0].test)


def test_the_distilled_phase_reports_all_its_terms_and_keeps_the_least_error(ran: Ran) -> None:
    store, _, outcomes, _ = ran
    key = outcomes["denoiser + KD"].key
    rows = list(csv.DictReader(store.read_phase(key, "curve.csv").decode().splitlines()))
    assert {"loss", "mse", "kd", "at", "validation_mse"} <= set(rows[0])
    best = min(rows, key=lambda row: float(row["validation_mse"]))
    scores = json.loads(store.read_phase(key, "scores.json"))
    assert scores["epoch"] == int(best["epoch"])


def test_a_checkpoint_of_a_denoiser_is_opened_like_any_other(ran: Ran) -> None:
    store, _, outcomes, _ = ran
    with store.phase(outcomes["denoiser"].key) as folder:
        stored = checkpoint.load(folder)
    assert stored.spec == denoiser_spec("u-lde-net")
    assert stored.model(torch.zeros(1, 1, 3600)).logits.shape == (1, 1, 3600)


def test_a_phase_is_named_by_what_decides_it_and_by_nothing_else(
    ran: Ran,
) -> None:
    _, sweep, _, _ = ran

    def phases(**changes: object) -> dict[str, Phase]:
        plan = replace(sweep.plan, **changes)  # type: ignore[arg-type]
        changed = replace(sweep, plan=plan)
        (experiment,) = changed.over_folds(SCHEME, plan.point("denoiser + KD"))
        return {phase.step.phase: phase for phase in phases_of(experiment)}

    first, other = phases(), phases(beta=0.25, alpha=0.9)
    assert first["teacher"].key == other["teacher"].key
    assert first["final"].key != other["final"].key
    assert "test" not in json.dumps(first["final"].spec)
    longer = phases(teacher_epochs=9)
    assert longer["teacher"].spec["training"]["epochs"] == 9
    assert longer["final"].spec["training"]["epochs"] == sweep.plan.training.epochs
    other_way = phases(teacher_optimizer="soap")
    assert other_way["teacher"].spec["training"]["optimizer"] == "soap"
    assert other_way["teacher"].key != first["teacher"].key
    halved = phases(teacher_bf16=True)
    assert halved["teacher"].spec["training"]["bf16"]
    assert halved["final"].spec["training"] == first["final"].spec["training"]


def test_each_fold_hears_other_noise(ran: Ran) -> None:
    store, sweep, _, _ = ran
    folds = replace(sweep, plan=replace(sweep.plan, use_folds=5))
    found = folds.over_folds(SCHEME, sweep.plan.point("denoiser"))
    for turn, experiment in enumerate(found):
        (phase,) = phases_of(experiment)
        assert phase.spec["turn"] == turn
        heard = denoising_task(phase, {}, store, torch.device("cpu")).validation()
        leads = open_leads(store, sweep.windows, sweep.digests(experiment.fold.validation))
        clean = clean_of([lead for own in leads.values() for lead in own], 1.0, True)
        noise = split_noise(drawn_noise(), turn).validation
        expected = NoisyBatches(clean, noise, HEARD[SCHEME], 8).in_order()
        for one, other in zip(heard, expected, strict=True):
            assert torch.equal(one.student_view, other.student_view)
            assert torch.equal(one.target, other.target)


def batches(ranks: int = 1, rank: int = 0, vary: bool = True) -> NoisyBatches:
    clean = clean_of(drawn_leads("drawn/1", 1) + drawn_leads("drawn/2", 2), 1.0, True)
    noise = split_noise(drawn_noise(), guard_s=1.0).train
    groups = ("group 1", "group 2", "group 3")
    return NoisyBatches(clean, noise, groups, 8, vary, rank, ranks)


def test_every_epoch_hears_other_noise_and_the_same_epoch_the_same() -> None:
    first, again, later = (
        torch.cat([batch.student_view for batch in batches().shuffled(1, epoch)])
        for epoch in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.isclose(first, later).any(2).all()


def test_ranks_share_every_batch_between_them() -> None:
    whole = list(batches().shuffled(3, 1))
    parts = [list(batches(2, rank).shuffled(3, 1)) for rank in (0, 1)]
    for batch, zeroth, first in zip(whole, *parts, strict=True):
        assert torch.equal(batch.target[0::2], zeroth.target)
        assert torch.equal(batch.student_view[1::2], first.student_view)


def test_validation_hears_every_segment_under_every_group_always_alike() -> None:
    seen = list(batches().in_order())
    assert sum(len(batch.target) for batch in seen) == 3 * len(batches().clean)
    again = list(batches(vary=False).in_order())
    assert all(
        torch.equal(a.student_view, b.student_view) for a, b in zip(seen, again, strict=True)
    )
    both = [list(batches(2, rank).in_order()) for rank in (0, 1)]
    assert sum(len(batch.target) for own in both for batch in own) == 3 * len(batches().clean)


def test_segments_are_cut_from_the_band_of_the_heart() -> None:
    from scipy.signal import butter, sosfiltfilt

    leads = drawn_leads("drawn/1", 1)
    clean = clean_of(leads, 1.0, True)
    sos = butter(2, (0.5, 40.0), "bandpass", fs=360.0, output="sos")
    wanted = sosfiltfilt(sos, leads[1].samples.astype(np.float64))[3600:7200]
    row = [*zip(clean.segments.lead.tolist(), clean.segments.start_s, strict=True)].index(
        ("V1", 10.0)
    )
    np.testing.assert_allclose(clean.segments.samples[row], wanted, atol=1e-6)
    np.testing.assert_allclose(np.ptp(clean.samples, axis=1), 2.0, rtol=1e-5)
    assert band_limit(leads[0]).beats is leads[0].beats


def test_varied_segments_keep_their_scale_and_stay_clear_of_faults() -> None:
    leads = drawn_leads("drawn/1", 1)
    fault = np.zeros(len(leads[0].samples), bool)
    fault[10_900:11_000] = True  # in the fourth of six segments
    spoilt = np.where(fault, 1e3, leads[0].samples).astype(np.float32)
    faults = {"marked as noisy": fault}
    leads = [replace(leads[0], samples=spoilt, faults=faults), replace(leads[1], faults=faults)]
    clean = clean_of(leads, 1.0, False)
    rows = varied(clean, np.arange(len(clean)).repeat(20), np.random.default_rng(0))
    np.testing.assert_allclose(np.ptp(rows, axis=1), 2.0, rtol=1e-5)
    np.testing.assert_allclose(rows.mean(1), 0.0, atol=1e-5)
    # a jump of 1000 mV would leave a line and a box; a heart is mostly near its middle
    assert (np.abs(rows) < 0.5).mean(1).min() > 0.6
    assert len(np.unique(rows.round(4), axis=0)) > 0.95 * len(rows)  # near the fault few differ


def test_too_few_patients_are_told() -> None:
    nobody: tuple[CleanPatient, ...] = ()
    with pytest.raises(ValueError, match="give 5 at least"):
        make_sweep(small_plan(), "w", nobody, "n")


def test_a_record_without_a_usable_segment_is_told(tmp_path: Path) -> None:
    store, patients = filled_store(tmp_path)
    sweep = small_sweep(patients, most_outside=1e-6)
    (experiment,) = sweep.over_folds(SCHEME, sweep.plan.point("denoiser"))
    with pytest.raises(ValueError, match="Raise --most-outside"):
        walk([experiment], store, lambda phase: hear_nothing, lambda row: None)


def test_two_databases_may_have_records_of_one_name() -> None:
    one, other = drawn_leads("drawn/1", 1), drawn_leads("clinic/1", 2)
    both, alone = clean_of([*one, *other], 1.0, True), clean_of(other, 1.0, True)
    own = both.segments.patient == "clinic/1"
    np.testing.assert_array_equal(both.samples[own], alone.samples)
    assert [len(record) for record in both.records] == [2, 2]


def test_every_patient_is_tested_in_noise_of_his_own_whoever_else_is() -> None:
    one, other = drawn_leads("drawn/1", 1), drawn_leads("drawn/2", 1)  # the same heart
    both, alone = clean_of([*one, *other], 1.0, True), clean_of(other, 1.0, True)
    noise = split_noise(drawn_noise(), guard_s=1.0).test
    noisy = noisy_of(both, noise, ["group 2"])["group 2"]
    second = both.segments.patient == "drawn/2"
    np.testing.assert_array_equal(
        noisy[second], noisy_of(alone, noise, ["group 1", "group 2"])["group 2"]
    )
    assert np.abs(noisy[second] - noisy[~second]).max(1).min() > 0.01
