"""What several test files share: one embedded Ray a session, one small generated cohort."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("RAY_TRAIN_HEALTH_CHECK_INTERVAL_S", "0.2")
os.environ.setdefault("RAY_TRAIN_ENABLE_PREEMPTION_WATCHER", "0")
os.environ.setdefault("RAY_AUTH_MODE", "disabled")  # an embedded Ray of one process, on loopback
os.environ["OMP_NUM_THREADS"] = "1"


@pytest.fixture(scope="session")
def ray_session() -> Iterator[None]:
    """An embedded Ray of two CPUs, started once; nothing of it outlives the session."""
    import ray

    with tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp") as short:  # a socket path is short
        ray.init(
            address="local",
            num_cpus=2,
            include_dashboard=True,  # Tune with nested Train hangs without it
            object_store_memory=100 << 20,
            log_to_driver=False,
            _temp_dir=short,
        )
        yield
        ray.shutdown()


@pytest.fixture(scope="session")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight short nights in MASS's layout, and two that cannot be used."""
    from datasets.synthetic import write_synthetic_mass

    folder = tmp_path_factory.mktemp("recordings")
    write_synthetic_mass(folder, 8, pages=60, seed=1, unusable=True)
    return folder


@pytest.fixture(scope="session")
def nights(cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cohort's usable nights, ingested once and without Ray."""
    from dataclasses import asdict

    from datasets.mass import find_recordings
    from orchestration.ingest import ingest_night

    folder = tmp_path_factory.mktemp("nights")
    for ref in find_recordings(cohort):
        ingest_night(asdict(ref), folder)
    return folder
