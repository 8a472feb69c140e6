"""Clean ECG and noise in the store: where they lie, and what a worker opens of them.

    clean/<key>/<database>-<person>.parquet   a patient's leads; ingest.csv: what became of each
    noise/<digest>.parquet                    recorded noise

Files are read whole each time: a patient of MIT-BIH takes some hundredths of a second.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from datasets.clean_parquet import LAYOUT, read_leads_file, read_patient
from datasets.clean_records import CLEAN_HZ, CleanLead
from datasets.noise import Noise
from datasets.noise_parquet import read_noise_digest, read_noise_file
from orchestration.keys import key_of
from orchestration.store import Store


def clean_key() -> str:
    """The name of the folder that holds clean ECG as this version would write it."""
    return key_of({"clean": "leads", "hz": CLEAN_HZ, "layout": LAYOUT})


def clean_path(windows: str, patient: str) -> str:
    """Where a patient's leads lie."""
    return f"clean/{windows}/{patient.replace('/', '-')}.parquet"


def noise_path(digest: str) -> str:
    """Where noise lies."""
    return f"noise/{digest}.parquet"


def open_leads(
    store: Store, windows: str, digests: Mapping[str, str]
) -> dict[str, list[CleanLead]]:
    """The leads of some patients, in their order; nobody else's are touched.

    Args:
        windows: clean_key() of the ingest.
        digests: patient -> digest of the one that is meant.

    Raises:
        ValueError: a patient in the store is not the one that is meant, or is not there.
    """
    return {
        patient: _fetched(store, windows, patient, digest) for patient, digest in digests.items()
    }


def open_noise(store: Store, digest: str) -> Noise:
    """The noise of this digest; raises ValueError where the store has it not."""
    with _reading(store, noise_path(digest), f"noise {digest}") as path:
        found = read_noise_digest(path)
        if found != digest:
            raise ValueError(
                f"{store.root}/{noise_path(digest)} holds the noise {found!r}, but {digest!r} is "
                "meant. Remove it and run the same command again."
            )
        return read_noise_file(path)


def _fetched(store: Store, windows: str, patient: str, digest: str) -> list[CleanLead]:
    path = clean_path(windows, patient)
    with _reading(store, path, f"clean ECG of {patient}") as local:
        there = read_patient(local)
        if (there.name, there.digest) != (patient, digest):
            raise ValueError(
                f"{store.root}/{path} was read from the records {there.digest!r} of {there.name}, "
                f"but {digest!r} of {patient} is meant: it was ingested anew since this run "
                "began. Run the same command again."
            )
        return read_leads_file(local)


@contextmanager
def _reading(store: Store, path: str, what: str) -> Iterator[Path]:
    try:
        with store.files.reading(path) as local:
            yield local
    except FileNotFoundError:
        raise ValueError(
            f"There is no {what} at {store.root}/{path}. Run the same command again; it ingests "
            "what is missing."
        ) from None
