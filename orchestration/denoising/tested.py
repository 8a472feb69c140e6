"""What denoising made of a test patient's segments: every measure before and after, as Parquet.

    denoised/<key>/<database>-<person>.parquet   a row a group and segment

Tables and plots derive from these files, so none of them needs a network again.
"""

import io
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from datasets.clean_records import CLEAN_HZ
from datasets.noise import Noise
from datasets.noise_mix import GROUPS, mix_group
from datasets.parquet_schema import read_schema
from orchestration.denoising.classical import Denoiser
from orchestration.denoising.clean import Clean
from orchestration.denoising.measures import MEASURES, measured
from orchestration.denoising.table import Scored
from orchestration.keys import key_of
from orchestration.store import Store

FORMAT = "1"  # raise it when noise or columns change, so that all is tested again
TEST_SEED = 11  # of the noise that tests: the same for every denoiser
RECORDED = ", as recorded"  # of groups whose clean ECG is not limited to the heart's band
BEFORE, AFTER = "noisy ", "denoised "  # of the names of columns


def path_of(key: str, patient: str) -> str:
    """Where a patient's measures lie in a store."""
    return f"denoised/{key}/{patient.replace('/', '-')}.parquet"


def noisy_of(clean: Clean, noise: Noise, groups: Sequence[str]) -> dict[str, np.ndarray]:
    """Group -> all segments under its noise, the same whoever denoises. Shapes: (n, 3600).

    Each patient hears noise of his own, whoever else is asked for.
    """
    return {group: _noisy(clean, noise, group) for group in groups}


def measures_table(
    clean: Clean, noise: Noise, groups: Sequence[str], denoise: Denoiser, told: str = ""
) -> pa.Table:
    """One patient's segments before and after denoising, group after group.

    Of a patient of whom no segment is clean enough it has no rows.

    Args:
        told: what is added to the name of each group.
    """
    tables = []
    for group, noisy in noisy_of(clean, noise, groups).items():
        before = measured(clean.samples, noisy)
        denoised = denoise(noisy, CLEAN_HZ) if len(noisy) else noisy  # filters want a row
        after = measured(clean.samples, denoised)
        columns = {
            "group": pa.array([group + told] * len(clean), pa.string()),
            "record": pa.array(clean.segments.record.tolist(), pa.string()),
            "lead": pa.array(clean.segments.lead.tolist(), pa.string()),
            "start_s": pa.array(clean.segments.start_s, pa.float64()),
        }
        for name in MEASURES:
            columns[BEFORE + name] = pa.array(before[name], pa.float64())
            columns[AFTER + name] = pa.array(after[name], pa.float64())
        tables.append(pa.table(columns))
    return pa.concat_tables(tables)


def write_tested(store: Store, key: str, patient: str, digest: str, table: pa.Table) -> None:
    """Write one patient's measures, and of which records they are."""
    content = io.BytesIO()
    pq.write_table(table.replace_schema_metadata({"digest": digest, "format": FORMAT}), content)
    store.files.write(path_of(key, patient), content.getvalue())


def missing(store: Store, key: str, digests: Mapping[str, str]) -> list[str]:
    """Patients whose records, as they are now, have no measures under a key."""
    return [name for name, digest in digests.items() if not _is_there(store, key, name, digest)]


def read_tested(store: Store, key: str, patients: Iterable[str]) -> dict[str, Scored]:
    """Group -> the test segments of these patients, in their order."""
    tables = []
    for name in patients:
        table = pq.read_table(io.BytesIO(store.files.read(path_of(key, name))))
        column = pa.array([name] * len(table), pa.string())
        tables.append(table.replace_schema_metadata(None).append_column("patient", column))
    return _by_group(pa.concat_tables(tables))


def joined(parts: Sequence[Mapping[str, Scored]]) -> dict[str, Scored]:
    """The test segments of several folds together; a fold may have none."""
    groups = dict.fromkeys(group for part in parts for group in part)
    return {group: _joined([part[group] for part in parts if group in part]) for group in groups}


def _noisy(clean: Clean, noise: Noise, group: str) -> np.ndarray:
    noisy = np.empty_like(clean.samples)
    for name in np.unique(clean.segments.patient).tolist():
        own = clean.segments.patient == name
        numbers = TEST_SEED, int(key_of({"patient": name})[:8], 16), list(GROUPS).index(group)
        noisy[own] = mix_group(clean.samples[own], noise, group, np.random.default_rng(numbers))
    return noisy


def _by_group(table: pa.Table) -> dict[str, Scored]:
    of = np.array(table["group"].to_pylist(), np.str_)
    values = {name: table[name].to_numpy() for name in table.column_names if " " in name}
    names = {name: np.array(table[name].to_pylist(), np.str_) for name in ("patient", "record")}
    return {
        group: Scored(
            before={name: values[BEFORE + name][of == group] for name in MEASURES},
            after={name: values[AFTER + name][of == group] for name in MEASURES},
            patient=names["patient"][of == group],
            record=names["record"][of == group],
        )
        for group in dict.fromkeys(of.tolist())
    }


def _joined(parts: Sequence[Scored]) -> Scored:
    def whole(side: str) -> dict[str, np.ndarray]:
        return {n: np.concatenate([getattr(part, side)[n] for part in parts]) for n in MEASURES}

    return Scored(
        before=whole("before"),
        after=whole("after"),
        patient=np.concatenate([part.patient for part in parts]),
        record=np.concatenate([part.record for part in parts]),
    )


def _is_there(store: Store, key: str, patient: str, digest: str) -> bool:
    try:
        with store.files.opened(path_of(key, patient)) as file:
            found = read_schema(file).metadata or {}
    except (FileNotFoundError, ValueError):
        return False  # a damaged file is written anew
    wanted = {b"digest": digest.encode(), b"format": FORMAT.encode()}
    return all(found.get(name) == value for name, value in wanted.items())
