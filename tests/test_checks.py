"""Checks that need no Ray: each says what was found and, if it is wrong, what to do."""

import shutil
from collections import namedtuple
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestration import checks
from orchestration.checks import FAIL, INFO, OK, WARN
from orchestration.cohort import Cohort, stated
from orchestration.plan import Runtime, Search
from orchestration.plans import default, smoke
from orchestration.store import Store
from orchestration.sweeps import Sweep, make_sweep


def sweep_of(groups: int = 2, **search: Any) -> Sweep:
    plan = replace(default(), runtime=Runtime(groups=groups), search=Search(**search))
    return make_sweep(plan, "w", stated(20, 8).subjects)


def test_this_environment_is_as_the_project_asks() -> None:
    check = checks.check_versions(checks.versions())
    assert check.state == OK
    assert "torch 2.13" in check.text


def test_a_library_of_another_version_is_named_with_what_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old = {"ray": "2.9.0", "torch": "2.13.0+cu130"}
    monkeypatch.setattr(checks, "_version", lambda name: old.get(name, "99.0"))
    check = checks.check_versions(checks.versions())
    assert check.state == FAIL
    assert "ray 2.9.0 is found, ray[" in check.text
    assert "torch" not in check.text
    assert "pip install" in check.text


def test_a_storage_that_cannot_be_written_to_fails(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    check, store = checks.check_storage(str(tmp_path / "file" / "storage"))
    assert (check.state, store) == (FAIL, None)
    assert "cannot be written to" in check.text


def test_no_recordings_are_no_fault_but_a_folder_without_any_is(tmp_path: Path) -> None:
    assert checks.check_recordings("mass", None)[0].state == INFO
    check, refs = checks.check_recordings("mass", tmp_path)
    assert (check.state, refs) == (FAIL, [])
    assert "holds no MASS recording" in check.text


def test_nights_that_will_be_refused_are_a_warning_with_the_first_reason() -> None:
    cohort = stated(4, 8)
    assert checks.check_nights(cohort).state == OK
    check = checks.check_nights(cohort._replace(refused=("x.edf is cut short.",)))
    assert check.state == WARN
    assert "1 more will be refused, the first: x.edf is cut short." in check.text
    assert checks.check_nights(Cohort((), 0, ("x",), "")).state == FAIL


def test_too_few_people_for_the_folds_fail_before_anything_is_ingested() -> None:
    check, sweep = checks.check_folds(smoke(), "w", stated(3, 8))
    assert (check.state, sweep) == (FAIL, None)
    assert "3 people are too few" in check.text


def test_slots_that_a_round_cannot_fill_are_a_warning() -> None:
    assert checks.check_search(sweep_of(groups=4)).state == OK
    check = checks.check_search(sweep_of(groups=16))
    assert check.state == WARN
    assert "12 idle while it searches: raise --search.round" in check.text
    assert checks.check_search(sweep_of(groups=16, concurrent=4)).state == OK


@pytest.mark.parametrize(
    ("search", "said"),
    [
        ({}, "can stop after 1 of 5 folds"),
        ({"prune_p": 0.0}, "none is stopped"),
        ({"prune_p": 1e-9}, "none can be stopped early"),
        ({"trials": 0}, "off"),
    ],
)
def test_the_search_says_when_racing_can_stop_a_trial(search: dict[str, Any], said: str) -> None:
    assert said in checks.check_search(sweep_of(**search)).text


def test_a_storage_too_small_for_what_will_be_left_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.open(tmp_path)
    usage = namedtuple("usage", ["free"])
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(free=5_000_000))
    assert checks.check_disk(store, {"windows": 4_000_000}).state == OK
    check = checks.check_disk(store, {"windows": 4_000_000, "phases": 2_000_000})
    assert check.state == FAIL
    assert "windows 4 MB + phases 2 MB in the storage, which has 5 MB free" in check.text


def test_sizes_are_for_people() -> None:
    sizes = [checks.in_bytes(size) for size in (12, 46_100, 9.22e9, 4e12)]
    assert sizes == ["12 B", "46.1 kB", "9.22 GB", "4 TB"]
