"""One owner at a time; a dead owner's lease is taken over, a live one's never."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from orchestration import leases
from orchestration.files import Files, open_files
from orchestration.leases import Lease

HOLD = """
import sys, time
from orchestration.files import open_files
from orchestration.leases import Lease
lease = Lease(open_files(sys.argv[1]), "k")
print(lease.try_acquire(), flush=True)
time.sleep(600)
"""


@pytest.fixture
def files(place: str, monkeypatch: pytest.MonkeyPatch) -> Files:
    monkeypatch.setattr(leases, "POLL_S", 0.02)
    return open_files(place)


def elsewhere(lease: Lease) -> Lease:
    """The lease as a process of another machine has it."""
    lease.owner["machine"] = "another"
    return lease


def test_one_holds_it_and_the_next_waits_for_its_release(files: Files) -> None:
    first, second = Lease(files, "k"), Lease(files, "k")
    assert first.try_acquire()
    assert not second.acquire(0.1)
    threading.Timer(0.2, first.release).start()
    assert second.acquire(5.0)
    second.release()
    assert files.names("leases") == []


def test_of_many_that_want_it_one_gets_it(files: Files) -> None:
    wanted = [Lease(files, "k") for _ in range(6)]
    threads = [threading.Thread(target=lease.try_acquire) for lease in wanted]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(bool(lease._path) for lease in wanted) == 1
    for lease in wanted:
        lease.release()


def test_an_owner_that_was_killed_on_this_machine_is_seen_at_once(files: Files) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", HOLD, files.root],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[1],
    )
    assert owner.stdout is not None
    assert owner.stdout.readline() == b"True\n"
    heir = Lease(files, "k")
    assert not heir.acquire(0.2)
    owner.send_signal(signal.SIGKILL)
    assert heir.acquire(5.0)
    heir.release()
    owner.communicate()
    assert files.names("leases") == []


def test_a_lease_without_a_beat_is_taken_over(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "TTL_S", 0.3)
    monkeypatch.setattr(leases, "BEAT_S", 600.0)
    dead, heir = elsewhere(Lease(files, "k")), Lease(files, "k")
    assert dead.try_acquire()
    started = time.monotonic()
    assert heir.acquire(5.0)
    assert time.monotonic() - started >= 0.3
    assert heir.is_mine()
    assert not dead.is_mine()
    dead.release()
    assert "k.2.json" in files.names("leases"), "who lost a lease gives nothing back"
    heir.release()
    assert files.names("leases") == []


def test_who_lost_a_lease_does_not_give_back_a_later_one_of_the_same_number(files: Files) -> None:
    lost, later = Lease(files, "k"), Lease(files, "k")
    assert lost.try_acquire()
    files.remove("leases/k.1.json")  # taken over by a second, who has given it back
    assert not lost.is_mine()
    assert later.try_acquire()
    assert not lost.is_mine()
    lost.release()
    assert later.is_mine()
    later.release()


@pytest.mark.parametrize("content", [b"", b'{"machine": ', b"{}", b"[]"])
def test_a_damaged_lease_is_taken_over_when_its_time_is_over(
    files: Files, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    monkeypatch.setattr(leases, "TTL_S", 0.3)
    files.write("leases/k.1.json", content)
    heir = Lease(files, "k")
    assert not heir.try_acquire()
    assert heir.acquire(5.0)
    heir.release()
    assert files.names("leases") == []


def test_a_lease_that_is_given_back_as_it_is_asked_for_is_asked_for_again(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, create = Lease(files, "k"), Lease(files, "k"), type(files).create
    assert first.try_acquire()
    second._generations = lambda: []  # type: ignore[method-assign]  # looked before the first came

    def gone(self: Files, path: str) -> bytes:
        raise FileNotFoundError(path)

    with monkeypatch.context() as patch:
        patch.setattr(type(files), "read", gone)
        assert not second.try_acquire()
    first.release()
    assert create(files, "leases/k.1.json", b"")


def test_a_lease_that_beats_is_not_taken_over(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "TTL_S", 1.0)
    monkeypatch.setattr(leases, "BEAT_S", 0.05)
    owner, other = elsewhere(Lease(files, "k")), Lease(files, "k")
    assert owner.try_acquire()
    assert not other.acquire(2.0)
    owner.release()
    assert other.acquire(5.0)
    other.release()


def test_a_beat_survives_a_store_that_fails_for_a_moment(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "BEAT_S", 0.02)
    owner = Lease(files, "k")
    assert owner.try_acquire()
    with monkeypatch.context() as patch:
        patch.setattr(type(files), "write", failing)
        time.sleep(0.2)
    before = beat(files)
    time.sleep(0.5)
    assert beat(files) > before
    owner.release()


def test_a_beat_under_way_does_not_bring_a_lease_back(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "BEAT_S", 0.05)
    write, begun = type(files).write, threading.Event()

    def slowly(self: Files, path: str, content: bytes) -> None:
        begun.set()
        time.sleep(0.3)
        write(self, path, content)

    monkeypatch.setattr(type(files), "write", slowly)
    monkeypatch.setattr(leases, "JOIN_S", 5.0)
    owner = Lease(files, "k")
    assert owner.try_acquire()
    assert begun.wait(5.0)
    owner.release()
    time.sleep(0.5)
    assert files.names("leases") == []


def failing(files: Files, path: str, content: bytes) -> None:
    raise OSError("the network is down")


def beat(files: Files) -> int:
    return int(json.loads(files.read("leases/k.1.json"))["beat"])


def test_two_that_find_the_same_dead_owner_do_not_both_inherit(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "TTL_S", 0.2)
    monkeypatch.setattr(leases, "BEAT_S", 600.0)
    assert elsewhere(Lease(files, "k")).try_acquire()
    heirs = [Lease(files, "k") for _ in range(4)]
    for heir in heirs:
        assert not heir.try_acquire()
    time.sleep(0.3)
    threads = [threading.Thread(target=heir.try_acquire) for heir in heirs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(bool(heir._path) for heir in heirs) == 1


def test_another_users_process_that_cannot_be_looked_at_is_not_taken_for_dead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    owner = leases._process()
    monkeypatch.setattr(leases, "_born", lambda pid: "")  # /proc mounted with hidepid

    def refused(pid: int, signal: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "kill", refused)
    assert leases._is_alive(owner)


def test_a_number_that_the_system_gave_to_another_process_is_not_the_owner() -> None:
    owner = {"pid": os.getpid(), "born": "0"}
    assert not leases._is_alive(owner)
    assert leases._is_alive(leases._process())
