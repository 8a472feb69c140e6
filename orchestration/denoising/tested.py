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
from datasets.noise_mix import mix_group
from orchestration.denoising.classical import Denoiser
from orchestration.denoising.clean import Clean
from orchestration.denoising.measures import MEASURES, measured
from orchestration.denoising.table import Scored
from orchestration.store import Store

TEST_SEED = 11  # of the noise that tests: the same for every denoiser
BEFORE, AFTER = "noisy ", "denoised "  # of the names of columns


def path_of(key: str, patient: str) -> str:
    """Where a patient's measures lie in a store."""
    return f"denoised/{key}/{patient.replace('/', '-')}.parquet"


def noisy_of(clean: Clean, noise: Noise, groups: Sequence[str]) -> dict[str, np.ndarray]:
    """Group -> all segments under its noise, the same whoever denoises. Shapes: (n, 3600)."""
    return {
        group: mix_group(clean.samples, noise, group, np.random.default_rng([TEST_SEED, place]))
        for place, group in enumerate(groups)
    }


def tested_table(clean: Clean, noise: Noise, groups: Sequence[str], denoise: Denoiser) -> pa.Table:
    """One patient's segments before and after denoising, group after group."""
    tables = []
    for group, noisy in noisy_of(clean, noise, groups).items():
        before = measured(clean.samples, noisy)
        after = measured(clean.samples, denoise(noisy, CLEAN_HZ))
        columns = {
            "group": pa.array([group] * len(clean), pa.string()),
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
    pq.write_table(table.replace_schema_metadata({"digest": digest}), content)
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
    """The test segments of several folds together."""
    return {group: _joined([part[group] for part in parts]) for group in parts[0]}


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
            found = pq.read_schema(file).metadata or {}
    except (FileNotFoundError, pa.ArrowInvalid):
        return False
    return bool(found.get(b"digest", b"").decode() == digest)
