"""Parquet files of samples: a column for the ECG, and the rate or a column of times.

A path in, a RawChannel out. One column at a time is held, never the table.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from datasets.ecg_units import RawChannel
from datasets.gaps import SAMPLES_A_BYTE, check_length, check_rate
from datasets.recording import UnusableRecording
from datasets.sample_tables import Columns, channel_on_clock, find_columns, no_rate, unit_of
from datasets.sample_times import number_seconds

_FIRST = 10_000  # rows whose times tell about how long a file lasts


def parquet_labels(path: Path) -> tuple[str, ...]:
    """Names of the columns that hold numbers."""
    with _sound(path):
        return tuple(_numbers(_open(path)))


def read_parquet_channel(path: Path, channel: str, hz: float | None) -> RawChannel:
    """One column of a Parquet file; times are another column, or the schema's metadata has hz."""
    with _sound(path):
        return _read(path, _open(path), channel, hz)


def _read(path: Path, file: Any, channel: str, hz: float | None) -> RawChannel:
    names = _numbers(file)
    columns = _columns(file, names, path.name, channel)
    rows, most = file.metadata.num_rows, SAMPLES_A_BYTE * path.stat().st_size
    if rows > most:
        raise UnusableRecording(f"{path.name} claims {rows} rows; {most} are allowed in its size.")
    label = names[columns.signal]
    if hz is None and columns.time is not None:
        name = names[columns.time]
        check_length(rows, _first_hz(file, name), path.name)
        samples = _column(path, file, label, np.float32)
        seconds = number_seconds(_column(path, file, name, np.float64), name)
        return channel_on_clock(label, samples, seconds, _start(file, name), path.name)
    known_hz = hz or _metadata_hz(file, path)
    if known_hz is None:
        raise no_rate(path.name, names)
    check_length(rows, known_hz, path.name)
    return RawChannel(label, _column(path, file, label, np.float32), known_hz, unit_of(label))


def _columns(file: Any, names: list[str], where: str, channel: str) -> Columns:
    """The ECG's column and the time's: the first of type timestamp, else one by its name."""
    import pyarrow.types as of

    stamps = [name for name in names if of.is_timestamp(file.schema_arrow.field(name).type)]
    others = [name for name in names if name not in stamps]
    if not stamps or not others:
        return find_columns(names, where, channel)
    signal = others[find_columns(others, where, channel).signal]
    return Columns(names.index(signal), names.index(stamps[0]))


def _open(path: Path) -> Any:
    import pyarrow.parquet as pq

    return pq.ParquetFile(path)


@contextmanager
def _sound(path: Path) -> Iterator[None]:
    """Whatever pyarrow says of a broken file, in one line."""
    try:
        import pyarrow as pa
        import pyarrow.parquet
    except ImportError:
        raise UnusableRecording(
            f"{path.name} is Parquet, which needs pyarrow: pip install pyarrow."
        ) from None
    try:
        yield
    except UnusableRecording:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:  # ValueError: a name not in UTF-8
        raise _broken(path, error) from None


def _broken(path: Path, error: object) -> UnusableRecording:
    reason = " ".join(str(error).split())[:200]
    return UnusableRecording(f"{path.name} is no sound Parquet file: {reason}. Write it again.")


def _numbers(file: Any) -> list[str]:
    """Columns whose values are numbers or times."""
    import pyarrow.types as of

    kinds = (of.is_integer, of.is_floating, of.is_decimal, of.is_timestamp)
    return [field.name for field in file.schema_arrow if any(kind(field.type) for kind in kinds)]


def _column(path: Path, file: Any, name: str, dtype: type) -> np.ndarray:
    """(rows,) of one column, NaN where it is null; times in seconds since 1970."""
    found = np.full(file.metadata.num_rows, np.nan, dtype)
    done = 0
    for batch in file.iter_batches(columns=[name]):
        numbers = _floats(batch.column(0))
        done += len(numbers)
        if done > len(found):
            break
        with np.errstate(over="ignore", invalid="ignore"):
            found[done - len(numbers) : done] = numbers
    if done != len(found):
        raise _broken(path, f"it claims {len(found)} rows and has {done}")
    return found


def _first_hz(file: Any, name: str) -> float:
    """About the rate that the first times tell, to know a file's length before it is read."""
    first = next(file.iter_batches(batch_size=_FIRST, columns=[name]), None)
    times = np.empty(0) if first is None else _floats(first.column(0))
    steps = np.diff(number_seconds(times, name))
    # the middle one leaves out gaps; the mean is exact where times are rounded
    step_s = float(min(np.median(steps), np.mean(steps))) if len(steps) else 0.0
    return 1 / step_s if 0 < step_s < np.inf else np.inf  # else the times are refused later


def _floats(column: Any) -> np.ndarray:
    import pyarrow as pa

    scale = 1.0
    if pa.types.is_timestamp(column.type):
        column, scale = column.cast(pa.timestamp("us"), safe=False).cast(pa.int64()), 1e-6
    numbers = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return np.asarray(numbers if scale == 1.0 else numbers * scale)


def _start(file: Any, name: str) -> datetime | None:
    """Wall-clock time of the first row, where a column has one."""
    import pyarrow as pa

    batch = next(file.iter_batches(batch_size=1, columns=[name]), None)
    if batch is None:
        return None
    first = batch.column(0)
    if not pa.types.is_timestamp(first.type):
        return None
    try:
        start = first.cast(pa.timestamp("us", first.type.tz), safe=False)[0].as_py()
    except (ValueError, OverflowError, LookupError, ImportError):  # a zone that is not known here
        return None
    return start.replace(tzinfo=None) if isinstance(start, datetime) else None


def _metadata_hz(file: Any, path: Path) -> float | None:
    """The rate in the schema's metadata."""
    text = (file.schema_arrow.metadata or {}).get(b"hz")
    if text is None:
        return None
    try:
        hz = float(text)
    except ValueError:
        hz = 0.0
    check_rate(hz, f"{path.name}, by the metadata of its schema,")
    return hz
