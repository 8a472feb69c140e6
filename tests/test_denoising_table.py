"""The table of denoisers: what scipy says of the same segments, beside the paper's values."""

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import bootstrap

from orchestration.denoising import table as tables
from orchestration.denoising.data_used import DataUsed, EcgPart, data_said
from orchestration.denoising.distilled import ALL_GROUPS, distillation, distillation_table
from orchestration.denoising.measures import MEASURES
from orchestration.denoising.table import (
    PUBLISHED,
    DenoiserRow,
    Table,
    denoising_table,
    recorded_table,
)
from orchestration.denoising.table_view import (
    denoising_files,
    distillation_said,
    distillation_view,
    gains_view,
)
from tests import denoised
from tests.denoised import GROUPS, PATIENTS, SEGMENTS, of_group


@pytest.fixture(scope="module")
def rows() -> list[DenoiserRow]:
    return denoised.rows()


@pytest.fixture(scope="module")
def table(rows: list[DenoiserRow]) -> Table:
    return denoising_table(rows)


def line_of(table: Table, row: str, group: str, measure: str) -> dict[str, float]:
    (line,) = [x for x in table if (x["row"], x["group"], x["measure"]) == (row, group, measure)]
    return line


def shifted(tested: tables.Scored, snr_db: np.ndarray) -> tables.Scored:
    """The same segments, of which so much more SNR is left."""
    return replace(tested, after=tested.after | {"SNR": tested.after["SNR"] + snr_db})


def pair(snr_db: np.ndarray) -> list[DenoiserRow]:
    """A student alone, and a distilled one that is so much better in each segment."""
    alone = of_group("group 1", 0.3)
    return [
        DenoiserRow(name="denoiser", groups={"group 1": alone}),
        DenoiserRow(name="denoiser + KD", groups={"group 1": shifted(alone, snr_db)}),
    ]


def test_there_is_a_line_for_each_denoiser_group_and_measure(table: Table) -> None:
    assert len(table) == 4 * 3 * len(MEASURES)


def test_gains_are_mean_differences_and_fall_of_rmse_counts_as_gain(
    rows: list[DenoiserRow], table: Table
) -> None:
    found = rows[2].groups["group 2"]
    for name, sign in (("SNR", 1), ("RMSE", -1), ("Pearson", 1)):
        line = line_of(table, "denoiser", "group 2", name)
        expected = sign * (found.after[name] - found.before[name]).mean()
        assert line["gain"] == pytest.approx(expected)
        assert line["difference"] == pytest.approx(expected - PUBLISHED["group 2"][name])
        assert line["gain_low"] < line["gain"] < line["gain_high"]
        assert (line["segments"], line["patients"]) == (SEGMENTS, PATIENTS)


def test_the_interval_is_scipys_over_patients_of_equally_many_segments(
    rows: list[DenoiserRow], table: Table
) -> None:
    gains = rows[1].groups["group 1"].gains["SNR"].reshape(PATIENTS, -1).mean(1)
    theirs = bootstrap((gains,), np.mean, n_resamples=20_000, rng=1).confidence_interval
    line = line_of(table, "denoiser teacher", "group 1", "SNR")
    width = theirs.high - theirs.low
    assert line["gain_low"] == pytest.approx(theirs.low, abs=0.06 * width)
    assert line["gain_high"] == pytest.approx(theirs.high, abs=0.06 * width)


def test_the_published_gains_are_those_of_the_abstract() -> None:
    published = [[PUBLISHED[group][name] for group in GROUPS] for name in PUBLISHED["group 1"]]
    assert published == [[10.30, 12.16, 12.61], [0.0988, 0.2063, 0.1525], [0.1477, 0.2774, 0.2132]]


def test_the_papers_row_comes_first_and_a_filter_has_no_parameters(table: Table) -> None:
    view = gains_view(table, "group 3")
    assert view.cells[0][:2] == ("U-Lde-net, published", "+12.61")
    assert view.cells[1][0] == "band-pass"
    assert view.cells[1][4:6] == ("–", "–")
    assert view.cells[3][4:] == ("6,895", "6,615,360", "1.23")


def test_another_group_has_nothing_published() -> None:
    row = DenoiserRow(name="denoiser", groups={"group 4": of_group("group 1", 0.3)})
    table = denoising_table([row])
    assert table[0]["published"] is None
    assert [line[0] for line in gains_view(table, "group 4").cells] == ["denoiser"]


def test_a_paired_gain_that_all_patients_have_excludes_zero() -> None:
    gained = 0.5 + 0.01 * np.arange(SEGMENTS)
    (found,) = [each for each in distillation(pair(gained)) if each.measure == "SNR"]
    assert found.mean.estimate == pytest.approx(gained.mean())
    assert (found.segments_better, found.patients_better) == (SEGMENTS, PATIENTS)
    (said,) = distillation_said([found])
    assert said.startswith("Group 1: denoiser + KD gains 0.61 dB of SNR over the denoiser alone")
    assert ", excludes zero; better in 24 of 24 segments" in said


def test_a_gain_of_some_and_a_loss_of_others_does_not_exclude_zero() -> None:
    (found,) = [
        each for each in distillation(pair(np.repeat([1.0, -1.1] * 3, 4))) if each.measure == "SNR"
    ]
    (said,) = distillation_said([found])
    assert "loses 0.05 dB" in said
    assert "does not exclude zero; better in 12 of 24 segments" in said
    assert "3 of 6 patients" in said


def test_a_gain_that_is_the_same_everywhere_has_no_interval() -> None:
    found = distillation(pair(np.ones(SEGMENTS)))
    assert "no interval" in distillation_said(found)[0]
    assert distillation_table(found)[0]["low"] is None
    assert distillation_view(found).cells[0][3:5] == ("+1.00", "no interval")


def test_all_groups_together_are_the_mean_of_the_groups(rows: list[DenoiserRow]) -> None:
    found = {each.group: each for each in distillation(rows) if each.measure == "SNR"}
    assert list(found) == [*GROUPS, ALL_GROUPS]
    mean = np.mean([found[group].mean.estimate for group in GROUPS])
    assert found[ALL_GROUPS].mean.estimate == pytest.approx(mean)
    assert found[ALL_GROUPS].segments == 3 * SEGMENTS


def test_without_a_student_alone_nothing_is_said_of_distillation(rows: list[DenoiserRow]) -> None:
    assert distillation(rows[:2]) == []
    assert "no denoiser stands beside" in distillation_said([])[0]


def test_students_tested_on_different_noise_are_not_compared(rows: list[DenoiserRow]) -> None:
    other = DenoiserRow(name="denoiser + KD", groups={"group 1": of_group("group 2", 0.3)})
    with pytest.raises(ValueError, match="different segments or noise"):
        distillation([rows[2], other])


def test_a_measure_that_is_not_finite_is_refused() -> None:
    found = of_group("group 1", 0.3)
    with pytest.raises(ValueError, match="SNR has shape"):
        shifted(found, np.full(SEGMENTS, np.inf))
    with pytest.raises(ValueError, match="records"):
        replace(found, record=found.record[1:])


def as_recorded(rows: list[DenoiserRow]) -> list[DenoiserRow]:
    return [replace(row, recorded=row.groups) for row in rows]


def test_the_files_hold_all_numbers_and_all_words(rows: list[DenoiserRow], table: Table) -> None:
    files = denoising_files(table, distillation(rows), denoised.data(), recorded_table(rows))
    names = [
        f"{n}.{e}" for n in ("denoising", "distillation") for e in ("csv", "json", "md", "tex")
    ]
    assert list(files) == names
    told = denoising_files(table, [], denoised.data(), recorded_table(as_recorded(rows)))
    assert "as it was recorded" in told["denoising.md"].decode()
    assert "as it was recorded" not in files["denoising.md"].decode()
    lines = list(csv.DictReader(io.StringIO(files["denoising.csv"].decode())))
    assert len(lines) == len(json.loads(files["denoising.json"])) == len(table)
    markdown = files["denoising.md"].decode()
    for words in (
        "U-Lde-net, published | group 2 | +12.16",
        "PRD, %",
        "Split by patient",
        "6,895",
    ):
        assert words in markdown


def test_the_data_are_told_in_sentences() -> None:
    said = "\n".join(data_said(denoised.data()))
    for words in (
        "24 segments of 10 s of 6 patients (6 records of mitdb)",
        "train a network and",
        "nobody is in two parts",
        "18.0, 5.8 and 5.8 minutes",
        "3 flat and 41 marked as noisy",
        "is not known",
    ):
        assert words in said


def test_records_are_counted_by_database_and_those_unread_are_named() -> None:
    patient = np.array(["mitdb/201", "mitdb/201", "cpsc2018/A0001", "mitdb/100"])
    part = EcgPart.of(patient, np.array(["201", "202", "A0001", "100"]))
    assert part == EcgPart(records={"cpsc2018": 1, "mitdb": 3}, patients=3, segments=4)
    data = DataUsed(
        training=part, validation=part, test=part, noise_s=(1, 1, 1), unreadable={"x": "why"}
    )
    said = data_said(data)
    assert {"No segment was left out.", "Could not be read: x."} < set(said)
    several = " ".join(data_said(replace(data, folds=4, band_limited=True)))
    assert "Split by patient, 4 times" in several
    assert "another fifth tests in each fold" in several
    assert "0.5 to 40 Hz" in several
