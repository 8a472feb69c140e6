"""What several test files share: an embedded Ray a worker, a small cohort, a local page."""

import logging
import os
import shlex
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from orchestration.staging.web import turn
from orchestration.staging.web.site import SiteServer
from tests.served import FakeStager, fake_reading, running
from tests.shared import made_once
from tests.terminal import PLAN, end_all, leaderboard

os.environ.setdefault("RAY_TRAIN_HEALTH_CHECK_INTERVAL_S", "0.2")
os.environ.setdefault("RAY_TRAIN_ENABLE_PREEMPTION_WATCHER", "0")
os.environ.setdefault("RAY_AUTH_MODE", "disabled")  # an embedded Ray of one process, on loopback
# Ray's helpers are kept for the next step of a sweep: each takes seconds to import PyTorch.
os.environ.setdefault("RAY_idle_worker_killing_time_threshold_ms", "30000")
# None are started before it is known in which environment they have to run.
os.environ.setdefault("RAY_prestart_worker_first_driver", "0")
os.environ["OMP_NUM_THREADS"] = "1"
os.environ.setdefault("SLEEP_RUN", "tests")  # before Ray starts, so that its workers know it

# Minutes first: two workers that take file after file then end together.
SLOW = (
    *("test_killed", "test_search_runs", "test_nodes_that_leave", "test_main_job"),
    *("test_security", "test_ray_train", "test_ingest", "test_doctor", "test_restaging"),
    *("test_denoise", "test_browser", "test_nodes", "test_cluster"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files in SLOW begin, in its order; the others follow as they were."""
    turns = {name: turn for turn, name in enumerate(SLOW)}
    items.sort(key=lambda item: turns.get(item.path.stem, len(turns)))


@pytest.fixture(scope="session")
def ray_session() -> Iterator[None]:
    """An embedded Ray of two CPUs, started once; nothing of it outlives the session."""
    import ray

    with folder_of_a_ray() as short:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("RAY_TMPDIR", short)  # by which its processes are known
            ray.init(
                address="local",
                num_cpus=2,
                include_dashboard=True,  # Tune with nested Train hangs without it
                object_store_memory=100 << 20,
                log_to_driver=False,
            )
        yield
        ray.shutdown()


@pytest.fixture(scope="session", autouse=True)
def night_folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    """This machine's files of scaled nights are the session's own."""
    os.environ["SLEEP_CACHE"] = str(tmp_path_factory.mktemp("night-files"))


@pytest.fixture(scope="session")
def s3_server() -> Iterator[None]:
    """A real S3 server on this machine's loopback; the environment says where, with what key."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "key-of-the-tests")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-the-tests")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        yield
    server.stop()


@pytest.fixture
def bucket(s3_server: None) -> str:
    """The URL of a prefix in a bucket of its own."""
    import fsspec

    name = f"sleep-{uuid.uuid4().hex[:8]}"
    fsspec.filesystem("s3").mkdir(name)
    return f"s3://{name}/store"


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a store may be: a folder, or a prefix in a bucket."""
    if request.param == "folder":
        return str(tmp_path / "storage")
    return str(request.getfixturevalue("bucket"))


@pytest.fixture(scope="session")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight short nights in MASS's layout, and two that cannot be used."""
    from datasets.synthetic import write_synthetic_mass

    def write(folder: Path) -> None:
        write_synthetic_mass(folder, 8, pages=60, seed=1, unusable=True)

    return made_once("recordings", tmp_path_factory, write)


@pytest.fixture
def ray_folder() -> Iterator[str]:
    """A folder with a short name for a sweep's own Ray; who still names it at last is killed."""
    with folder_of_a_ray() as name:
        yield name


@pytest.fixture
def other_ray_folder() -> Iterator[str]:
    """The same for a second sweep beside it."""
    with folder_of_a_ray() as name:
        yield name


@contextmanager
def folder_of_a_ray() -> Iterator[str]:
    """A folder with a short name, for a socket path is short; who names it at last is killed."""
    with tempfile.TemporaryDirectory(prefix="r-", dir="/tmp", ignore_cleanup_errors=True) as name:
        try:
            yield name
        finally:
            end_all(name)


@pytest.fixture(scope="session")
def four_nights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recordings for the sweeps that are disturbed."""
    from datasets.synthetic import write_synthetic_mass

    folder = tmp_path_factory.mktemp("four")
    write_synthetic_mass(folder, 4, pages=40)
    return folder


@pytest.fixture(scope="session")
def quiet(
    four_nights: Path, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> bytes:
    """The leaderboard of a sweep of PLAN that nobody disturbed."""

    def write(folder: Path) -> None:
        request.getfixturevalue("ray_session")  # not where another worker has swept
        sweep_undisturbed(four_nights, str(folder))

    return leaderboard(str(made_once("quiet", tmp_path_factory, write)))


def sweep_undisturbed(recordings: Path, storage: str) -> None:
    """Sweep PLAN on the session's Ray; nothing is left of a phase that is finished."""
    from datasets.mass import find_recordings
    from orchestration.arguments import sweep_arguments
    from orchestration.cluster import fitted
    from orchestration.ingest import ingest
    from orchestration.main_job import run_sweep
    from orchestration.report import write_report
    from orchestration.store import Store
    from orchestration.sweeps import make_sweep

    folders = [f"--recordings={recordings}", f"--storage={storage}"]
    given = sweep_arguments([*shlex.split(PLAN), *folders])
    store = Store.open(given.storage)
    nights = ingest(find_recordings(recordings), store)
    plan = replace(given.plan, runtime=fitted(given.plan.runtime))
    sweep = make_sweep(plan, nights.windows, nights.subjects)
    write_report(run_sweep(sweep, nights, store), store)
    assert store.files.names("halfway") == []
    assert store.files.names("leases") == []


@pytest.fixture(scope="session")
def nights(cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cohort's usable nights, ingested once and without Ray."""
    from dataclasses import asdict

    from datasets.mass import find_recordings
    from orchestration.ingest import ingest_night

    root = tmp_path_factory.mktemp("ingested")
    for ref in find_recordings(cohort):
        ingest_night(asdict(ref), "nights", str(root))
    return root / "windows" / "nights"


@pytest.fixture
def stager(monkeypatch: pytest.MonkeyPatch) -> FakeStager:
    """What the local page asks, which reads and stages nothing."""
    monkeypatch.setattr(turn, "as_recording", fake_reading)
    fake = FakeStager()
    fake.may.set()
    return fake


@pytest.fixture
def server(stager: FakeStager, tmp_path: Path) -> Iterator[SiteServer]:
    """The local page, with it."""
    with running(stager, tmp_path) as started:
        yield started
