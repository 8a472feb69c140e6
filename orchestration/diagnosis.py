"""All of the doctor's checks in order, each as soon as it is known."""

import os
import socket
from collections.abc import Iterator, Sequence
from dataclasses import replace
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import ray

from datasets.recording import RecordingRef
from orchestration import checks
from orchestration.arguments import SweepArguments
from orchestration.behind import denoised_key
from orchestration.checks import FAIL, INFO, OK, WARN, Check
from orchestration.cluster import connect, fitted
from orchestration.cohort import Cohort, found, ingested, stated
from orchestration.embedded import starts_its_own
from orchestration.footprint import cache_bytes
from orchestration.forecast import forecast
from orchestration.ingest import windows_key
from orchestration.nodes import check_nodes
from orchestration.plan import Runtime
from orchestration.staging.denoiser import load_denoiser
from orchestration.store import Store

NIGHTS = 200  # of MASS cohort 1
TIMEOUT_S = 5.0  # for a cluster or its dashboard to answer


def diagnose(
    asked: SweepArguments, with_recordings: bool, nights: int | None, hours: float, timing: bool
) -> Iterator[Check]:
    """Every check; what needs something that failed before is left out.

    Args:
        with_recordings: whether asked.recordings was given.
        nights, hours: to estimate for; nights None: those that there are.
        timing: whether steps are timed, which takes longer than all else.
    """
    yield checks.check_versions(checks.versions())
    check, store = checks.check_storage(asked.storage)
    yield check
    folder = asked.recordings if with_recordings else None
    check, refs = checks.check_recordings(asked.source, folder)
    yield check
    windows = windows_key(asked.source)
    cohort = _cohort(refs, windows, store, nights, hours)
    yield checks.check_nights(cohort)
    yield from _connect()
    runtime, fits = replace(asked.plan.runtime, groups=asked.plan.runtime.groups or 1), False
    if ray.is_initialized():
        check, runtime = _resources(asked.plan.runtime)
        fits = check.state == OK
        yield check
        files = [name for ref in (*refs[:1], *refs[-1:]) if (name := ref.signals)]
        yield from check_nodes(store.root if store else "", files, cache_bytes(cohort.segments))
    plan = replace(asked.plan, runtime=runtime)
    by = load_denoiser(asked.denoise).told if asked.denoise else None
    windows = denoised_key(windows, by) if by else windows
    check, sweep = checks.check_folds(plan, windows, cohort, by)
    yield check
    if sweep:
        yield checks.check_search(sweep)
        yield from forecast(sweep, cohort, store, timing and fits)


def _cohort(
    refs: Sequence[RecordingRef],
    windows: str,
    store: Store | None,
    nights: int | None,
    hours: float,
) -> Cohort:
    """The nights to estimate for: those stated, else found, else in the store, else MASS's."""
    if nights is None and refs:
        return found(refs, windows, store)
    if nights is None and store and (there := ingested(windows, store)).subjects:
        return there
    return stated(nights or NIGHTS, hours)


def _connect() -> Iterator[Check]:
    """Join a cluster or start a Ray, as a sweep would, and say how it is guarded."""
    own = starts_its_own()
    try:
        _reach(os.environ.get("RAY_ADDRESS", ""))
        connect(Runtime(dashboard=False))
    except Exception as error:  # whatever Ray raises is what is wrong
        reason = " ".join(str(error).split())
        text = f"no Ray: {reason} Set RAY_ADDRESS to a running cluster, or unset it."
        yield Check(FAIL, "cluster", text)
        return
    yield _guard(own)


def _reach(address: str) -> None:
    """Knock at a cluster's door, if it is named: Ray would knock for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not port.isdecimal():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), TIMEOUT_S).close()
    except (OSError, OverflowError) as error:
        raise ConnectionError(f"nobody answers at RAY_ADDRESS={address} ({error}).") from None


def _guard(own: bool) -> Check:
    """Whether a request without the token is refused."""
    mode = os.environ.get("RAY_AUTH_MODE", "")
    if own and mode == "disabled":
        text = "a Ray of its own, on 127.0.0.1 without a token: unset RAY_AUTH_MODE"
        return Check(WARN, "cluster", text)
    if own:
        return Check(OK, "cluster", "a Ray of its own, on 127.0.0.1 and behind a token")
    url = ray.init(ignore_reinit_error=True).dashboard_url
    where = f"joined the one at {os.environ.get('RAY_ADDRESS', 'this machine')}"
    if url and _answers(f"http://{url}/api/version"):
        text = (
            f"{where}, whose dashboard answers without a token: start it with RAY_AUTH_MODE=token"
        )
        return Check(WARN, "cluster", text)
    if mode != "token":
        text = f"{where}; set RAY_AUTH_MODE=token, so that `ray status` and `ray job` work as well"
        return Check(INFO, "cluster", text)
    return Check(OK, "cluster", f"{where}, behind a token")


def _answers(url: str) -> bool:
    """Whether a request without a token is answered."""
    try:
        with urlopen(url, timeout=TIMEOUT_S):
            return True
    except (HTTPError, URLError, OSError):
        return False


def _resources(runtime: Runtime) -> tuple[Check, Runtime]:
    """What the cluster holds against what a training run asks for."""
    try:
        chosen = fitted(runtime)
    except ValueError as error:
        return Check(FAIL, "resources", str(error)), replace(runtime, groups=runtime.groups or 1)
    run = f"{chosen.workers} worker(s) of {chosen.cpus:g} CPU and {chosen.gpus:g} GPU"
    return Check(OK, "resources", f"{chosen.groups} training run(s) at a time, {run}"), chosen
