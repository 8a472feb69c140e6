"""WFDB records: the samples that wfdb reads, and headers that it should never be given."""

import warnings
from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path

import numpy as np
import pytest

from datasets.ecg_files import ecg_labels, read_ecg
from datasets.recording import UnusableRecording

with warnings.catch_warnings():  # it uses what pandas will drop
    warnings.simplefilter("ignore")
    wfdb = pytest.importorskip("wfdb")

DATA = Path(__file__).parents[2] / "shared" / "data"
SAMPLES = np.round(np.sin(np.arange(3000) / 30), 3)


def write(
    folder: Path,
    name: str = "night",
    samples: np.ndarray = SAMPLES,
    fmt: str = "16",
    **more: object,
) -> Path:
    """A record of an ECG in mV and a breath, 250 Hz."""
    with warnings.catch_warnings():  # as above
        warnings.simplefilter("ignore")
        wfdb.wrsamp(
            name,
            fs=250,
            units=["au", "mV"],
            sig_name=["Resp", "ECG I"],
            p_signal=np.stack([-samples, samples], 1),
            fmt=[fmt, fmt],
            write_dir=str(folder),
            **more,
        )
    return folder / f"{name}.hea"


def edit(path: Path, old: str, new: str) -> Path:
    text = path.read_text()
    assert old in text
    path.write_bytes(text.replace(old, new).encode("latin-1"))
    return path


@pytest.mark.parametrize("fmt", ["16", "24", "32", "80", "212"])
@pytest.mark.parametrize("suffix", [".hea", ".dat", ""])
def test_a_record_equals_what_wfdb_reads(tmp_path: Path, fmt: str, suffix: str) -> None:
    path = write(tmp_path, fmt=fmt)
    ecg = read_ecg(path.with_suffix(suffix))
    theirs, fields = wfdb.rdsamp(str(path.with_suffix("")))
    np.testing.assert_allclose(ecg.samples, theirs[:, 1], rtol=0, atol=1e-6)
    assert (ecg.name, ecg.label, ecg.hz, ecg.notes) == ("night", "ECG I", fields["fs"], ())
    assert ecg_labels(path.with_suffix(suffix)) == ("Resp", "ECG I")


@pytest.mark.skipif(not DATA.exists(), reason="needs records that are not in the repository")
@pytest.mark.parametrize("name", ["mitdb/101", "mitdb/207", "cpsc2018/A0001"])
def test_real_records_equal_what_wfdb_reads(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    ecg = read_ecg(DATA / name)
    theirs, fields = wfdb.rdsamp(str(DATA / name))
    column = theirs[:, fields["sig_name"].index(ecg.label)]
    np.testing.assert_allclose(ecg.samples, column, rtol=0, atol=1e-5)
    assert ecg.label in ("MLII", "I")
    low, high = ecg.limits_mv or (0, 0)
    assert low <= ecg.samples.min() < ecg.samples.max() <= high
    assert capfd.readouterr() == ("", "")


def test_missing_samples_stay_nan_and_the_start_is_told(tmp_path: Path) -> None:
    samples = SAMPLES.copy()
    samples[500:600] = np.nan
    path = write(tmp_path, samples=samples, base_time=time(23, 7, 1), base_date=date(1989, 1, 19))
    ecg = read_ecg(path)
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(ecg.samples)), np.arange(500, 600))
    assert ecg.start == datetime(1989, 1, 19, 23, 7, 1)


def test_a_time_without_a_date_is_noted(tmp_path: Path) -> None:
    ecg = read_ecg(write(tmp_path, base_time=time(23, 7, 1)))
    assert ecg.start is None
    assert ecg.notes == (
        "The header has a time, 23:07:01, but no date: when the recording started is unknown.",
    )


def test_limits_come_from_the_converters_bits(tmp_path: Path) -> None:
    (tmp_path / "a.dat").write_bytes(np.arange(-500, 500, dtype="<i2").tobytes())
    (tmp_path / "a.hea").write_text("a 1 100\na.dat 16 200(24)/mV 11 1024 0 0 0 X1\n")
    ecg = read_ecg(tmp_path / "a")  # alone it needs no alias
    assert ecg.limits_mv == ((0 - 24) / 200, (2047 - 24) / 200)
    np.testing.assert_allclose(ecg.samples, (np.arange(-500, 500) - 24) / 200, rtol=1e-5)


@pytest.mark.parametrize(("unit", "factor"), [("uV", 1e-3), ("µV", 1e-3), ("V", 1e3), ("adu", 1)])
def test_units_are_converted_even_those_that_wfdb_cuts(
    tmp_path: Path, unit: str, factor: float
) -> None:
    path = write(tmp_path)
    plain = read_ecg(path).samples
    ecg = read_ecg(edit(path, "/mV", f"/{unit}"))
    np.testing.assert_allclose(ecg.samples, plain * factor, rtol=1e-5)
    assert bool(ecg.notes) == (unit == "adu")


def test_several_samples_a_frame_have_a_rate_of_their_own(tmp_path: Path) -> None:
    frames = np.arange(1200, dtype="<i2").reshape(300, 4)  # three of the ECG, one of the breath
    (tmp_path / "a.dat").write_bytes(frames.tobytes())
    lines = ["a 2 100 300", "a.dat 16x3 1000 16 0 0 0 0 ECG", "a.dat 16 1 16 0 0 0 0 Resp"]
    (tmp_path / "a.hea").write_text("\n".join(lines) + "\n")
    ecg = read_ecg(tmp_path / "a.hea")
    assert ecg.hz == 300.0
    np.testing.assert_allclose(ecg.samples, frames[:, :3].reshape(-1) / 1000, rtol=1e-6)


def test_segments_are_joined_and_what_is_missing_between_them_is_nan(tmp_path: Path) -> None:
    write(tmp_path, "one", SAMPLES[:1000])
    write(tmp_path, "two", SAMPLES[1000:])
    (tmp_path / "all.hea").write_text("all/3 2 250 3500\none 1000\n~ 500\ntwo 2000\n")
    ecg = read_ecg(tmp_path / "all")
    expected = np.concatenate([SAMPLES[:1000], np.full(500, np.nan), SAMPLES[1000:]])
    np.testing.assert_allclose(ecg.samples, expected, rtol=0, atol=1e-3)
    assert ecg.notes == ("Missing samples: one gap of 2.0 s.",)


def test_segments_that_lack_the_channel_are_nan(tmp_path: Path) -> None:
    write(tmp_path, "one", SAMPLES[:1000])
    edit(write(tmp_path, "two", SAMPLES[1000:]), "ECG I", "ABP")
    layout = "lay 2 250 0\n~ 0 1 16 0 0 0 0 Resp\n~ 0 1 16 0 0 0 0 ECG I\n"
    (tmp_path / "lay.hea").write_text(layout)
    (tmp_path / "all.hea").write_text("all/3 2 250 3000\nlay 0\none 1000\ntwo 2000\n")
    ecg = read_ecg(tmp_path / "all")
    np.testing.assert_allclose(ecg.samples[:1000], SAMPLES[:1000], rtol=0, atol=1e-3)
    assert np.isnan(ecg.samples[1000:]).all()


def test_a_file_that_ends_early_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = write(tmp_path)
    data = path.with_suffix(".dat")
    data.write_bytes(data.read_bytes()[: 4 * 1000 + 1])
    ecg = read_ecg(path)
    np.testing.assert_allclose(ecg.samples, SAMPLES[:1000], rtol=0, atol=1e-3)
    assert ecg.notes == ("The file ends 8 s early.",)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("night.dat", "../night.dat", "no sound WFDB record"),
        ("night.dat", "/etc/passwd", "no sound WFDB record"),
        ("night.dat", ".", "no sound WFDB record|names a file '.'"),
        ("night.dat", "other.dat", "needs 'other.dat' beside it"),
        ("night.dat", "a::http", "no sound WFDB record"),
        ("250 3000", "0 3000", "tells no rate"),
        ("250 3000", "1 3000", "rate of 1 Hz"),
        ("night 2", "night 3", "claims 3 signals and lists 2"),
        ("night 2", "night/2 2", "no sound WFDB record|segment"),
        ("dat 16", "dat 999", "no sound WFDB record"),
        ("dat 16", "dat 516", "no sound WFDB record|pip install"),
    ],
)
def test_an_unsound_header_is_one_line_of_reason(
    tmp_path: Path, old: str, new: str, reason: str
) -> None:
    path = edit(write(tmp_path), old, new)
    with pytest.raises(UnusableRecording, match=f"night.hea.*({reason})") as error:
        read_ecg(path)
    assert "\n" not in str(error.value)


def test_segments_outside_the_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    write(tmp_path, "one")
    (tmp_path / "in" / "all.hea").write_text("all/1 2 250 3000\n../one 3000\n")
    with pytest.raises(UnusableRecording, match="no sound WFDB record"):
        read_ecg(tmp_path / "in" / "all")


def test_a_header_cannot_claim_more_than_its_files_hold(tmp_path: Path) -> None:
    write(tmp_path, "one")
    (tmp_path / "all.hea").write_text("all/2 2 250 999999999\none 3000\n~ 999996999\n")
    with pytest.raises(UnusableRecording, match="spans 1111 hours"):
        read_ecg(tmp_path / "all")
    (tmp_path / "all.hea").write_text("all/2 2 250 93000\none 3000\n~ 90000\n")
    with pytest.raises(UnusableRecording, match="has samples for 12 s of the 372 s"):
        read_ecg(tmp_path / "all")


@pytest.mark.parametrize("per_frame", [1000, 1_000_000])
def test_a_packed_file_cannot_claim_more_samples_than_it_may_hold(
    tmp_path: Path, per_frame: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.dat").write_bytes(bytes(600))
    lines = ["a 1 0.1 600", f"a.dat 516x{per_frame} 200/mV 16 0 0 0 0 ECG"]
    (tmp_path / "a.hea").write_text("\n".join(lines) + "\n")
    made: list[int] = []
    full: Callable[..., np.ndarray] = np.full

    def watched(length: int, *more: object) -> np.ndarray:
        made.append(length)
        return full(length, *more)

    monkeypatch.setattr(np, "full", watched)
    with pytest.raises(UnusableRecording, match=r"a.hea (has no samples|is no sound)"):
        read_ecg(tmp_path / "a.hea")
    assert all(length <= 64 * 600 for length in made)


def test_a_folder_that_fsspec_would_take_for_a_chain_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "a::b"
    folder.mkdir()
    (folder / "x.hea").write_text("x 1 250 10\nx.dat 16 1 16 0 0 0 0 ECG\n")
    with pytest.raises(UnusableRecording, match="'::'; rename the folder"):
        read_ecg(folder / "x.hea")


def test_the_package_is_asked_for_when_it_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path)
    monkeypatch.setitem(__import__("sys").modules, "wfdb", None)
    with pytest.raises(UnusableRecording, match="needs the wfdb package: pip install wfdb"):
        read_ecg(path)
