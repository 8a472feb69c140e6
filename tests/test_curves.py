"""Learning curves: every phase of rows and trials is found from the record, and read once."""

import json
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from datasets.folds import Fold
from kd_core.fit import Training
from kd_core.models import MODELS
from orchestration.chosen import SIMPLE, Chosen, ChosenFold, Record, Repeat
from orchestration.evidence.curves import Learned, curve_of, read_curves
from orchestration.evidence.drawn_search import learning, searched
from orchestration.experiment import Experiment, Point, phases_of
from orchestration.importances import importances
from orchestration.store import Store
from tests.searches import SCHEME, long_record

FOLDS = (Fold(0, ("a", "b"), ("c",), ("d",)), Fold(1, ("a", "c"), ("b",), ("e",)))
ROWS = ("EEG baseline", "ECG baseline", "AT+CL", "AT+SD+CL")
TRIED = Point(method="AT+SD+CL", alpha=0.7, layers="deep")


def experiment(point: Point, fold: Fold) -> Experiment:
    return Experiment(
        windows="w",
        data={"a": "1", "b": "2", "c": "3"},
        fold=fold,
        scheme="W-N-R",
        scaling="night",
        segments=4,
        point=point,
        teacher=MODELS["tiny"](3),
        student=MODELS["tiny"](3),
        weighted=True,
        training=Training(epochs=2),
        seed=1,
    )


def publish(store: Store, one: Experiment) -> None:
    """Leave what the phases of an experiment leave, weights aside."""
    for phase in phases_of(one):
        spec = {"phase": str(phase), "step": asdict(phase.step), **phase.spec}
        by = "loss" if phase.step.phase == "attention" else "weighted_f1"

        def fill(out: Path, spec: dict[str, Any] = spec, by: str = by) -> None:
            files = {"spec.json": json.dumps(spec), "scores.json": '{"epoch": 2}'}
            files["curve.csv"] = f"epoch,seconds,loss,validation_{by}\n1,9,2.5,0.25\n2,9,1.5,0.5\n"
            for name, content in files.items():
                (out / name).write_text(content)

        spec["parents"] = dict(phase.parents)
        store.publish(phase.key, fill)


def row(name: str, point: Point) -> Chosen:
    folds = tuple(
        ChosenFold(
            fold=fold.index,
            key=phases_of(experiment(point, fold))[-1].key,
            test=fold.test,
            validation={},
        )
        for fold in FOLDS
    )
    view = "teacher_view" if name.startswith("EEG") else "student_view"
    return Chosen(scheme="W-N-R", row=name, view=view, point=str(point), folds=folds)


def trial(number: int, point: Point) -> dict[str, Any]:
    searched = {name: getattr(point, name) for name in point.parameters}
    values = {"folds_done": 1, "score": 0.5, "reason": "beaten by trial 2", "point": str(point)}
    values |= {"scheme": "W-N-R", "number": number, "method": point.method}
    return values | {"searched": searched}


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Record, Store]:
    """Four rows of two folds, one without networks; a trial of one fold, and one of none."""
    store = Store.open(tmp_path_factory.mktemp("store"))
    rows = [row(name, Point(method=name)) for name in ROWS]
    for name in ROWS:
        for fold in FOLDS:
            publish(store, experiment(Point(method=name), fold))
    publish(store, experiment(TRIED, FOLDS[0]))
    rows.append(replace(rows[0], row=SIMPLE, view="rr_view", folds=rows[0].folds[:1]))
    record = replace(
        long_record(0),
        rows=tuple(rows),
        trials=(trial(1, TRIED), trial(2, replace(TRIED, alpha=0.1))),
    )
    return record, store


@pytest.fixture(scope="module")
def learned(stored: tuple[Record, Store]) -> Learned:
    return read_curves(stored[0], "W-N-R", stored[1])


def test_every_phase_of_every_row_is_there_fold_by_fold(learned: Learned) -> None:
    found = {
        kind: {n: len(c) for n, c in curves.items()} for kind, curves in learned.phases.items()
    }
    assert found["teacher"] == {"EEG baseline": 2}
    assert found["final"] == {"ECG baseline": 2, "AT+CL": 2, "AT+SD+CL": 2}
    assert [c.fold for c in learned.phases["final"]["AT+CL"]] == [0, 1]


def test_phases_of_another_seed_are_there_under_its_name(stored: tuple[Record, Store]) -> None:
    record, store = stored
    others = [replace(experiment(Point(method="AT+CL"), fold), seed=2) for fold in FOLDS]
    for other in others:
        publish(store, other)
    again = next(row for row in record.rows if row.row == "AT+CL")
    keys = (phases_of(other)[-1].key for other in others)
    folds = tuple(replace(f, key=key) for f, key in zip(again.folds, keys, strict=True))
    repeated = replace(record, repeats=(Repeat(seed=2, rows=(replace(again, folds=folds),)),))
    phases = read_curves(repeated, "W-N-R", store).phases
    assert [c.fold for c in phases["final"]["AT+CL, seed 2"]] == [0, 1]
    assert list(phases["teacher"]) == ["EEG baseline", "EEG baseline, seed 2"]
    assert len(phases["attention"]) == 3


def test_an_attention_phase_that_rows_share_is_there_once_and_those_of_trials_too(
    learned: Learned,
) -> None:
    of_rows, of_trial = learned.phases["attention"].values()
    assert ([c.fold for c in of_rows], [c.fold for c in of_trial]) == ([0, 1], [0])
    assert all(name.startswith("AT layers=") for name in learned.phases["attention"])


def test_a_trial_has_the_curves_of_the_folds_that_it_did(learned: Learned) -> None:
    assert {n: [c.fold for c in curves] for n, curves in learned.trials.items()} == {1: [0]}


def test_a_phase_is_read_once(
    stored: tuple[Record, Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    record, store = stored
    read, really = Counter[tuple[str, str]](), store.read_phase
    monkeypatch.setattr(
        store, "read_phase", lambda key, name: (read.update([(key, name)]), really(key, name))[1]
    )
    read_curves(record, "W-N-R", store)
    assert set(read.values()) == {1}


def test_trials_of_networks_that_have_other_settings_now_are_left_out(
    stored: tuple[Record, Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestration.tried.spec_from_dict", lambda _: int("unknown"))
    assert not read_curves(stored[0], "W-N-R", stored[1]).trials


def test_a_curve_holds_its_terms_and_what_its_epoch_was_chosen_by() -> None:
    text = "epoch,seconds,loss,ce,validation_kappa\n1,9,2.5,2.0,\n2,9,1.5,1.0,0.5\n"
    curve = curve_of(text, 3, "kappa", 2)
    assert {name: values.tolist() for name, values in curve.terms.items()} == {
        "loss": [2.5, 1.5],
        "ce": [2.0, 1.0],
    }
    np.testing.assert_equal(curve.validation, [np.nan, 0.5])
    assert (curve.fold, curve.epochs.tolist(), curve.best) == (3, [1.0, 2.0], 2)
    assert np.isnan(curve_of(text, 3, "loss", 2).validation).all()


def test_the_part_on_learning_has_a_figure_a_kind_and_says_which_trials_have_none(
    stored: tuple[Record, Store],
) -> None:
    record, store = stored
    blocks = learning(evidence(record, "W-N-R"), store)
    assert [block.kind for block in blocks] == ["heading", "figure"] * 4 + ["note"]
    assert blocks[-1].text.endswith("trial 2.")


def test_the_part_on_the_search_begins_with_a_sentence_and_ends_with_the_reasons() -> None:
    record = long_record()
    blocks = searched(evidence(record, SCHEME), importances(record))
    kinds = [block.kind for block in blocks]
    assert kinds == ["heading", "text", *["figure"] * 6, "heading", "table"]
    assert blocks[1].text.startswith("Of 32 trials")
    assert any("beaten by trial 4: p=0.031, 5 subjects" in line for line in blocks[-1].cells)


def test_a_short_search_has_a_sentence_in_place_of_importances() -> None:
    record = long_record(4)
    blocks = searched(evidence(record, SCHEME), importances(record))
    assert "Importances need 10 trials" in next(b for b in blocks if b.kind == "note").text
    assert not searched(evidence(replace(record, trials=()), SCHEME), {})


def evidence(record: Record, scheme: str) -> Any:
    """What the two parts ask of an Evidence."""
    return SimpleNamespace(record=record, schemes=[scheme], named=True)
