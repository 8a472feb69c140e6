"""What nights there would be: as an ingest finds them, without reading a signal."""

from pathlib import Path

from datasets.mass import find_recordings
from datasets.parquet import subjects_in
from orchestration.cohort import found, ingested, segments_of, stated
from orchestration.store import Store
from tests.phase_runs import WINDOWS, store_of


def test_annotations_promise_what_an_ingest_keeps_or_a_few_more(
    cohort: Path, nights: Path
) -> None:
    told = {one.name: one for one in found(find_recordings(cohort), WINDOWS, None).subjects}
    for kept in subjects_in(nights):
        assert 0 <= segments_of(told[kept.name]) - segments_of(kept) <= 0.1 * segments_of(kept)
        assert (told[kept.name].subset, told[kept.name].person) == (kept.subset, kept.person)


def test_a_file_that_is_cut_short_is_refused_with_its_reason(cohort: Path) -> None:
    (reason,) = found(find_recordings(cohort), WINDOWS, None).refused
    assert "truncated" in reason


def test_ingested_nights_are_taken_as_they_are(cohort: Path, nights: Path, tmp_path: Path) -> None:
    refs = find_recordings(cohort)
    refs = [ref for ref in refs if (nights / f"{ref.subject}.parquet").exists()]
    cohort_found = found(refs, WINDOWS, store_of(nights, tmp_path / "store"))
    assert cohort_found.subjects == subjects_in(nights)
    assert cohort_found.is_ingested


def test_a_night_that_is_not_ingested_yet_is_told_by_its_annotations(
    cohort: Path, tmp_path: Path
) -> None:
    there = found(find_recordings(cohort), WINDOWS, Store.open(tmp_path))
    assert not there.is_ingested
    assert there.told_by == "as annotated"


def test_recordings_out_of_reach_do_not_matter_once_nights_are_ingested(
    nights: Path, tmp_path: Path
) -> None:
    there = ingested(WINDOWS, store_of(nights, tmp_path / "store"))
    assert (there.subjects, there.is_ingested) == (subjects_in(nights), True)


def test_stated_nights_have_every_stage_and_are_spread_over_subsets() -> None:
    cohort = stated(nights=10, hours=8)
    assert cohort.segments == 10 * 960
    assert len({subject.subset for subject in cohort.subjects}) == 5
    assert all(min(subject.stages) > 0 for subject in cohort.subjects)
