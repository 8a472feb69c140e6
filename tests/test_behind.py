"""Networks that learn behind a denoiser: their nights, their phases, and where they may stand."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from datasets.parquet import read_night, read_subject, write_night
from kd_core.methods import METHODS
from orchestration.arguments import sweep_arguments
from orchestration.behind import denoise_night, denoised, denoised_key, recorded_windows
from orchestration.build import build
from orchestration.chosen import BASELINE, Chosen, ChosenFold
from orchestration.cli import UsageError
from orchestration.denoising.stress import stress_night
from orchestration.denoising.stress_asked import learned_behind
from orchestration.denoising.stress_fronts import front_of, fronts_of, turn_of
from orchestration.denoising.stress_night import track_of
from orchestration.denoising.stress_store import Asked, Condition, Level, read_stressed
from orchestration.experiment import phases_of
from orchestration.ingest import Ingest, found, windows_key
from orchestration.portable.exported import export
from orchestration.probabilities import read_confusion
from orchestration.scoring import score
from orchestration.staging.denoiser import load_denoiser
from orchestration.staging.denoiser_spec import FILE
from orchestration.staging.networks import SUMS
from orchestration.staging.spec import CONFIG, StagingSpec, read_spec
from orchestration.staging.stager import load
from orchestration.store import Store
from orchestration.sweeps import make_sweep
from tests.denoisers import an_exported_denoiser
from tests.ecg_nights import an_ecg
from tests.exported import a_checkpoint
from tests.shared import made_once
from tests.small import small_plan, small_sweep
from tests.test_stress import drawn_noise

RECORDED = windows_key("mass")


class Stored(NamedTuple):
    """Nights in a store, as they were recorded and behind a denoiser."""

    store: Store
    denoiser: Path
    nights: Ingest
    behind: Ingest


@pytest.fixture(scope="module")
def denoiser(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once("denoiser", tmp_path_factory, an_exported_denoiser) / "denoiser"


@pytest.fixture(scope="module")
def stored(nights: Path, denoiser: Path, tmp_path_factory: pytest.TempPathFactory) -> Stored:
    _, store = small_sweep(nights, tmp_path_factory.mktemp("storage"), small_plan())
    refused = {"status": "refused", "reason": "no ECG", "footer": ""}
    rows = [row_of(path) for path in sorted(nights.glob("*.parquet"))]
    recorded = found(RECORDED, [*rows, rows[0] | refused | {"subject": "99-99-0001"}], store)
    by = load_denoiser(denoiser).told
    behind = [write(row, store, denoiser) for row in recorded.rows if row["status"] != "refused"]
    place = f"windows/{denoised_key(RECORDED, by)}/behind.json"
    store.files.write(place, json.dumps({"recorded": RECORDED, **by._asdict()}).encode())
    return Stored(store, denoiser, recorded, found(denoised_key(RECORDED, by), behind, store, by))


def row_of(path: Path) -> dict[str, Any]:
    """A manifest row of a night's file."""
    subject = read_subject(path)
    fields = {name: getattr(subject, name) for name in ("subset", "person")}
    told = {"eeg": subject.eeg_channel, "ecg": subject.ecg_channel, "reason": "", "signals": ""}
    counted = {"segments": sum(subject.stages), "footer": json.dumps(asdict(subject))}
    return {"subject": subject.name, "status": "written"} | fields | told | counted


def write(row: Mapping[str, Any], store: Store, folder: Path) -> dict[str, Any]:
    by = load_denoiser(folder).told
    key = denoised_key(RECORDED, by)
    return denoise_night(dict(row), front_of(str(folder)), by, RECORDED, key, store.root)


def path_of(stored: Stored, windows: str, name: str) -> Path:
    return Path(stored.store.root, "windows", windows, f"{name}.parquet")


def test_a_night_is_denoised_as_the_recording_that_it_was_cut_from(stored: Stored) -> None:
    network = load_denoiser(stored.denoiser)
    told = "{} ({})".format(*network.told)
    for subject in stored.nights.subjects:
        before = read_night(path_of(stored, RECORDED, subject.name))
        after = read_night(path_of(stored, stored.behind.windows, subject.name))
        (stretch,) = track_of(before).stretches
        whole = network.whole(track_of(before).samples[stretch], 200.0)
        np.testing.assert_array_equal(track_of(after).samples, whole)
        for name in ("eeg", "stage", "onset_s", "segment"):
            np.testing.assert_array_equal(getattr(after, name), getattr(before, name))
        assert after.ecg_channel == f"{before.ecg_channel}, denoised by {told}"


def test_what_is_there_is_kept_and_what_was_recorded_anew_is_not(stored: Stored) -> None:
    assert {row["status"] for row in stored.behind.rows} == {"written"}
    assert stored.behind.denoiser == load_denoiser(stored.denoiser).told
    row = dict(stored.nights.rows[0])
    assert write(row, stored.store, stored.denoiser)["status"] == "kept"
    row["footer"] = json.dumps(json.loads(row["footer"]) | {"source_hash": "another"})
    with pytest.raises(ValueError, match=r"ingested anew since this sweep began"):
        write(row, stored.store, stored.denoiser)
    path = path_of(stored, RECORDED, row["subject"])
    before = path.read_bytes()
    write_night(path, read_night(path), "another", {})
    assert write(row, stored.store, stored.denoiser)["status"] == "written"
    path.write_bytes(before)
    assert write(stored.nights.rows[0], stored.store, stored.denoiser)["status"] == "written"


def test_whence_denoised_nights_came_is_known(stored: Stored) -> None:
    assert recorded_windows(stored.store, stored.behind.windows) == RECORDED
    assert recorded_windows(stored.store, RECORDED) == RECORDED


def test_phases_behind_a_denoiser_are_others_and_say_which(stored: Stored) -> None:
    bare, behind = (
        make_sweep(small_plan(), nights.windows, nights.subjects, nights.denoiser)
        for nights in (stored.nights, stored.behind)
    )
    assert stored.behind.denoiser is not None
    for method in METHODS:
        if method.startswith("denoiser"):
            continue
        pairs = [phases_of(s.over_folds("W-N-R", s.plan.point(method))[0]) for s in (bare, behind)]
        for recorded, cleaned in zip(*pairs, strict=True):
            assert recorded.key != cleaned.key
            assert "denoiser" not in recorded.spec
            assert cleaned.spec["denoiser"] == stored.behind.denoiser._asdict()
            renamed = {**cleaned.spec["denoiser"], "name": "exported-again"}
            assert replace(cleaned, spec=cleaned.spec | {"denoiser": renamed}).key == cleaned.key


class Trained(NamedTuple):
    """A network that learned behind a denoiser, and scored."""

    asked: list[Asked]
    key: str
    spec: Mapping[str, Any]


@pytest.fixture(scope="module")
def trained(stored: Stored) -> Trained:
    nights, store = stored.behind, stored.store
    sweep = make_sweep(small_plan(), nights.windows, nights.subjects, nights.denoiser)
    experiment = sweep.over_folds("W-N-R", sweep.plan.point(BASELINE))[0]
    key = build(experiment, store, lambda phase: lambda epoch: None).key
    tested = [s for s in nights.subjects if s.name in experiment.fold.test]
    score(experiment, tested, store.root)
    condition = Condition(Level(), front_of(str(stored.denoiser)))
    asked = [Asked(key, subject, "n", condition) for subject in tested]
    return Trained(asked, key, json.loads(store.read_phase(key, "spec.json")))


def test_under_noise_it_hears_recorded_ecg_through_its_denoiser(
    stored: Stored, trained: Trained
) -> None:
    for one in trained.asked:
        stress_night([one], drawn_noise(), stored.store.root)
        (night,) = read_stressed(stored.store, [one])
        expected = read_confusion(stored.store, trained.key, one.subject.name)
        assert night.confusion.counts.tolist() == expected.counts.tolist()


def test_what_a_row_learned_behind_is_found_among_the_denoisers_given(
    stored: Stored, trained: Trained
) -> None:
    fold = ChosenFold(fold=0, key=trained.key, test=(), validation={})
    row = Chosen(scheme="W-N-R", row=BASELINE, view="student_view", point="", folds=(fold,))
    name = load_denoiser(stored.denoiser).told.name
    fronts = fronts_of(["wavelet", str(stored.denoiser)])
    assert learned_behind(row, stored.store, fronts) == name
    with pytest.raises(ValueError, match=f"learned behind {name} .* is not among the denoisers"):
        learned_behind(row, stored.store, fronts[:2])


@pytest.fixture(scope="module")
def model(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    made = a_checkpoint(folder / "checkpoint")
    described = json.loads((made / "model.json").read_text())
    spec = {**trained.spec, "model": described["spec"]}
    (made / "spec.json").write_text(json.dumps(spec))
    return export(made, folder / "model").folder


def test_an_exported_model_stages_behind_its_denoiser_alone(model: Path, stored: Stored) -> None:
    by = load_denoiser(stored.denoiser).told
    assert read_spec(model).denoiser == by._asdict()
    card = (model / "README.md").read_text().replace("\\", "")
    assert f"goes through the denoiser {by.name} ({by.digest})" in card
    with pytest.raises(ValueError, match="the denoiser given is none"):
        load(model)
    stager = load(model, denoiser=stored.denoiser)
    assert stager.stage(an_ecg(200.0), hz=200.0, unit="mV").denoiser == by
    other = load_denoiser(stored.denoiser)
    object.__setattr__(other, "digest", "00ff")
    with pytest.raises(ValueError, match=r"denoiser given is .* \(00ff\)"):
        stager.stage(an_ecg(200.0), hz=200.0, unit="mV", denoiser=other)


def test_a_spec_names_a_denoiser_whole_or_not_at_all(model: Path) -> None:
    values = json.loads((model / "config.json").read_text())
    with pytest.raises(ValueError, match="allowed are"):
        StagingSpec(**values | {"denoiser": {"name": "drawn"}, "classes": ("W", "N", "R")})


def test_the_flag_takes_the_folder_of_a_denoiser(stored: Stored, tmp_path: Path) -> None:
    words = ["--plan", "smoke", "--recordings", ".", "--storage", str(tmp_path)]
    assert sweep_arguments(words).denoise is None
    given = sweep_arguments([*words, "--denoise", str(stored.denoiser)])
    assert given.denoise == stored.denoiser.resolve()
    with pytest.raises(UsageError, match="--denoise"):
        sweep_arguments([*words, "--denois", "x"])


@pytest.mark.ray
@pytest.mark.usefixtures("ray_session")
def test_all_nights_go_through_it_on_ray(stored: Stored) -> None:
    again = denoised(stored.nights, stored.denoiser, stored.store)
    assert again.windows == stored.behind.windows
    assert again.subjects == stored.behind.subjects
    assert [row["status"] for row in again.rows] == ["kept"] * 8 + ["refused"]


def with_turn(denoiser: Path, folder: Path, turn: object) -> Path:
    """The same denoiser under another name, as if it had heard other noise."""
    shutil.copytree(denoiser, folder)
    told = json.loads((folder / CONFIG).read_bytes())
    told |= {"name": folder.name, "origin": told["origin"] | {"noise_turn": turn}}
    (folder / CONFIG).write_text(json.dumps(told))
    sums = subprocess.run(["sha256sum", CONFIG, FILE], cwd=folder, capture_output=True, check=True)
    (folder / SUMS).write_bytes(sums.stdout)
    return folder


def test_noise_that_tests_is_what_no_denoiser_was_trained_on(
    denoiser: Path, tmp_path: Path
) -> None:
    third, other = (str(with_turn(denoiser, tmp_path / f"of {k}", k)) for k in (3, 1))
    assert turn_of(fronts_of([third, "wavelet"])) == 3
    assert [turn_of(fronts_of([name])) for name in ("wavelet", str(denoiser))] == [0, 2]
    with pytest.raises(ValueError, match="'of 3': 3, 'of 1': 1"):
        turn_of(fronts_of([third, other]))
    for wrong in (5, -1, "2", True):
        with pytest.raises(ValueError, match="noise_turn is"):
            front_of(str(with_turn(denoiser, tmp_path / f"wrong {wrong}", wrong)))
