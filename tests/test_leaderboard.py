"""The leaderboard: means and sds over folds, the floor, failed rows, three formats."""

import csv
import io
import json

import numpy as np
import pytest

from kd_core.confusion import Confusion
from orchestration.leaderboard import as_markdown, leaderboard_files, make_row

CLASSES = ("W", "N", "R")


def confusion(*rows: tuple[int, int, int]) -> Confusion:
    return Confusion(CLASSES, np.array(rows))


FOLDS = [
    [confusion((8, 2, 0), (0, 60, 0), (0, 10, 20))],
    [confusion((5, 0, 0), (0, 40, 0), (0, 0, 5)), confusion((0, 5, 0), (0, 40, 0), (0, 5, 0))],
]


def test_a_row_holds_mean_and_sd_over_folds() -> None:
    row = make_row("W-N-R", "SD+CL", "alpha=0.5", FOLDS)
    assert row["accuracy_mean"] == pytest.approx((0.88 + 0.90) / 2)
    assert row["accuracy_sd"] == pytest.approx(np.std([0.88, 0.90], ddof=1))
    assert row["floor_mean"] == pytest.approx((0.60 + 0.80) / 2)
    assert (row["subjects"], row["segments"]) == (3, 200)


def test_markdown_shows_every_method_class_and_the_floor() -> None:
    rows = [make_row("W-N-R", name, "", FOLDS) for name in ("ECG baseline", "AT+CL")]
    text = as_markdown(rows, "Note.")
    for word in ("Note.", "ECG baseline", "AT+CL", "F1 R", "Kappa", "Floor", "0.700"):
        assert word in text


def test_a_failed_row_says_why() -> None:
    row = make_row("W-N-R", "AT+CL", "", [], "epoch 3: loss became NaN")
    assert "epoch 3: loss became NaN" in as_markdown([row], "")


def test_csv_and_json_hold_the_same_numbers() -> None:
    rows = [make_row("W-N-R", "AT+CL", "", FOLDS)]
    files = leaderboard_files(rows, "")
    stored = json.loads(files["leaderboard.json"])
    (line,) = csv.DictReader(io.StringIO(files["leaderboard.csv"].decode()))
    assert float(line["kappa_mean"]) == stored[0]["kappa_mean"] == rows[0]["kappa_mean"]
