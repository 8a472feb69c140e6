"""The whole way of a denoiser on an embedded Ray: records and noise in, report and network out."""

import html
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from kd_core import checkpoint
from kd_core.confusion import Confusion
from kd_core.fit import Training
from kd_core.models.lde_spec import LdeSpec
from orchestration.chosen import BEST
from orchestration.denoising.classical import CLASSICAL
from orchestration.denoising.experiment import DenoisingSweep, make_sweep
from orchestration.denoising.ingest import ingest_clean, ingest_noise
from orchestration.denoising.main_job import Trained, run_denoising
from orchestration.denoising.measures import MEASURES
from orchestration.denoising.networks import whole_network
from orchestration.denoising.plan import smoke
from orchestration.denoising.rows_of import rows_of
from orchestration.denoising.stress_scores import Heard, lines_of
from orchestration.denoising.stress_store import Level, StressedNight
from orchestration.denoising.stress_table import stress_files
from orchestration.denoising.table import ALONE, DISTILLED, TEACHER, Table, denoising_table
from orchestration.denoising.written import write_all
from orchestration.experiment import phases_of
from orchestration.plan import Runtime
from orchestration.portable.denoiser import export_denoiser
from orchestration.pull import FILES
from orchestration.search import Trial
from orchestration.staging.denoiser import load_denoiser
from orchestration.store import Store
from tests.denoising_runs import drawn_noise
from tests.wfdb_folders import drawn_ecg, write_patients, write_record

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("ray_session")]

SCHEME, GROUPS = "groups 1-3", ("group 1", "group 2", "group 3")
NETWORKS = (TEACHER, ALONE, DISTILLED, BEST)
STAGER = "SD+CL"


class Done(NamedTuple):
    """A finished small sweep and its folder."""

    sweep: DenoisingSweep
    store: Store
    trained: list[Trained]
    trials: list[Trial]
    folder: Path


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    root = tmp_path_factory.mktemp("denoise")
    clean = write_patients(root / "drawn", list("abcde"), seconds=60)
    for kind, signal in drawn_noise().signals.items():
        write_record(root / "noise", kind, {"noise1": signal[0], "noise2": signal[1]})
    (root / "stress.json").write_bytes(stress_test())
    store = Store.open(root / "storage")
    found = ingest_clean([clean], store)
    noise = ingest_noise(root / "noise", store)
    sweep = make_sweep(small_plan(), found.windows, found.patients, noise)
    trained, trials = run_denoising(sweep, store)
    (folder,) = write_all(sweep, trained, store, root / "out", [root / "stress.json"])
    return Done(sweep, store, trained, trials[SCHEME], folder)


def small_plan() -> Any:
    plan = smoke()
    return replace(
        plan,
        most_outside=1.0,  # drawn hearts are noisier than most
        training=Training(epochs=1, batch=8),
        search=replace(plan.search, trials=2, layers=("decoder", "encoder")),
        runtime=Runtime(groups=1, gpus=0.0, dashboard=False),
    )


def stress_test() -> bytes:
    """The stress.json of a stager, bare and behind a denoiser, in clean ECG and in noise."""

    def heard(level: Level, front: str, right: int) -> Heard:
        counts = Confusion(("W", "N", "R"), 5 + right * np.eye(3, dtype=np.int64))
        nights = [
            StressedNight(
                subject=f"s{k}", person=f"p{k}", confusion=counts, middle_snr_db=None,
                spread_mv=0.1,
            )
            for k in range(4)
        ]  # fmt: skip
        return Heard(
            scheme="W-N-R", row=STAGER, level=level, learned="none", front=front, nights=nights
        )

    conditions = [
        heard(Level(), "none", 40),
        heard(Level(), "my denoiser", 39),
        heard(Level("group 1", 0.0), "none", 10),
        heard(Level("group 1", 0.0), "my denoiser", 30),
    ]
    return stress_files(lines_of(conditions), {"note": ""})["stress.json"]


def test_every_denoiser_is_measured_under_every_group(done: Done) -> None:
    table = json.loads((done.folder / "denoising.json").read_bytes())
    assert list(dict.fromkeys(row["row"] for row in table)) == [*CLASSICAL, *NETWORKS]
    found = {(row["row"], row["group"], row["measure"]) for row in table}
    assert len(found) == len(table) == (len(CLASSICAL) + len(NETWORKS)) * 3 * len(MEASURES)
    assert {row["group"] for row in table} == set(GROUPS)
    assert {row["patients"] for row in table} == {1}  # of five, one tests in a fold
    assert not any(row.failed for row in done.trained)


def test_the_folder_holds_report_tables_figures_and_the_network(done: Done) -> None:
    there = {str(path.relative_to(done.folder)) for path in done.folder.rglob("*")}
    assert there >= {f"denoising.{kind}" for kind in ("md", "csv", "json", "tex")}
    assert there >= {"report.html", "snr.csv", "beats.csv"}
    figures = ("strip_1", "strip_2", "strip_3", "spectra", "segments", "snr", "beats", "learning")
    assert there >= {f"figures/{name}.png" for name in (*figures, "staging_W-N-R_SDCL")}
    assert there >= {f"best/{name}" for name in (*FILES, "place.json")}
    place = json.loads((done.folder / "best" / "place.json").read_bytes())
    assert (place["row"], place["fold"]) == (BEST, 0)
    page, table = ((done.folder / n).read_text() for n in ("report.html", "denoising.md"))
    for name in (*CLASSICAL, *NETWORKS):
        assert name in page
        assert name in table
    assert not [name for name in there if Path(name).name.startswith(".")]  # nothing half-written


def test_the_page_tells_what_made_it(done: Done) -> None:
    page = html.unescape((done.folder / "report.html").read_text())
    told = json.loads(re.findall(r"<details>.*?<pre>(.*?)</pre>", page, re.S)[-1])
    assert told["noise"] == done.sweep.noise
    assert re.match(r"python -[mc]\b", told["command"])  # -c where tests run side by side
    assert f"makes the same numbers again: {told['command']}" in page


def test_a_stress_test_is_on_the_page(done: Done) -> None:
    page = (done.folder / "report.html").read_text()
    assert f"{STAGER}, stages W-N-R" in page
    assert "learned without a denoiser, my denoiser in front" in page
    assert "Sleep stages under noise</h2>" in page


def test_the_search_moves_alpha_beta_and_layers(done: Done) -> None:
    first, second = sorted(done.trials, key=lambda trial: trial.number)
    plan = done.sweep.plan
    assert first.point == plan.point(DISTILLED)  # the table's own, which is trained already
    drawn = second.point
    assert drawn.method == DISTILLED
    assert drawn.alpha != first.point.alpha
    assert drawn.beta != first.point.beta
    assert drawn.layers in plan.search.layers
    (best,) = (row for row in done.trained if row.name == BEST)
    assert best.point == done.trials[0].point
    assert done.trials[0].score == max(first.score or 0.0, second.score or 0.0)


def test_the_same_again_trains_nothing_and_finds_the_same(done: Done) -> None:
    before, studies = done.store.phase_keys(), done.store.files.names("studies")
    assert len(before) == 4  # teacher, student, distilled, the second trial
    written = {name: stamps(done.store, name) for name in ("phases", "denoised", "clean", "noise")}
    trained, trials = run_denoising(done.sweep, done.store)
    assert done.store.phase_keys() == before
    assert done.store.files.names("studies") == studies
    assert [(t.number, t.point, t.score) for t in trials[SCHEME]] == [
        (t.number, t.point, t.score) for t in done.trials
    ]
    assert {name: stamps(done.store, name) for name in written} == written
    assert table_of(done, trained) == table_of(done, done.trained)


def table_of(done: Done, trained: list[Trained]) -> Table:
    """The table without what is timed anew."""
    table = denoising_table(rows_of(done.sweep, SCHEME, trained, done.store))
    return [{k: v for k, v in row.items() if k != "ms_per_10_s"} for row in table]


def stamps(store: Store, folder: str) -> dict[Path, int]:
    files = Path(store.root, folder).rglob("*")
    return {path: path.stat().st_mtime_ns for path in files if path.is_file()}


def test_test_patients_decide_no_weight(done: Done) -> None:
    tested = done.sweep.folds[0].test
    for experiment in done.sweep.over_folds(SCHEME, done.sweep.plan.point(DISTILLED)):
        for phase in phases_of(experiment):
            told = json.loads(done.store.read_phase(phase.key, "spec.json"))
            assert not set(tested) & {*told["train"], *told["validation"], *told["data"]}


def test_the_best_network_is_exported_and_denoises_as_it_did(done: Done, tmp_path: Path) -> None:
    stored = checkpoint.load(done.folder / "best")
    assert isinstance(stored.spec, LdeSpec)
    exported = load_denoiser(export_denoiser(done.folder / "best", tmp_path / "out").folder)
    ecg, _ = drawn_ecg(60, 360.0, seed=9)
    noisy = ecg + 0.2 * np.random.default_rng(0).normal(size=len(ecg))
    trained = whole_network(stored.model, stored.spec)(noisy, 360.0)
    np.testing.assert_allclose(exported.whole(noisy, 360.0), trained, atol=1e-5)
    assert np.abs(trained - noisy).max() > 0.1
