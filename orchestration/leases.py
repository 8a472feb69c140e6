"""Leases: who is at work on a phase, told by a file that its owner renews.

Files that can be created once are all it needs, so it works where there are no locks: on NFS, in
an object store. A lease lies in leases/<name>.<generation>.json. Its owner writes a new beat
into it every few seconds; who waits takes a lease over that has not changed for TTL_S, by creating
the next generation, which only one can. Clocks of two machines are never compared.
"""

import json
import os
import socket
import threading
import time
import uuid
from pathlib import Path
from typing import Any

from orchestration.files import Files

BEAT_S = 10.0  # between two beats of a live owner
TTL_S = 60.0  # without a beat its owner is taken for dead: a pause of a machine is shorter
POLL_S = 1.0  # between two looks of those who wait
JOIN_S = 10.0  # for a beat that is under way when a lease is released


class Lease:
    """One name in a store, held by one owner at a time."""

    def __init__(self, files: Files, name: str) -> None:
        self.files, self.name = files, name
        self.owner = {**_process(), "token": uuid.uuid4().hex}
        self._path, self._generation = "", 0  # of the one that is ours
        # Another's lease, and when it last changed.
        self._seen: tuple[bytes | None, float] = (None, 0.0)
        self._ended = threading.Event()
        self._beats: threading.Thread | None = None

    def try_acquire(self) -> bool:
        """Take it if it is free, or if its owner is dead; whether it is ours now."""
        newest = max(self._generations(), default=0)
        if newest and not self._is_dead(self._at(newest)):
            return False
        path = self._at(newest + 1)
        if not self.files.create(path, self._beat(0)):
            return False
        self._path, self._generation = path, newest + 1
        self._beats = threading.Thread(
            target=self._keep_beating, name=f"lease {path}", daemon=True
        )
        self._beats.start()
        return True

    def acquire(self, timeout_s: float) -> bool:
        """Try until it is ours or the time is over."""
        end = time.monotonic() + timeout_s
        while not self.try_acquire():
            if time.monotonic() >= end:
                return False
            time.sleep(POLL_S)
        return True

    def is_mine(self) -> bool:
        """Whether it is ours still: the newest lease of this name has our token."""
        newest = max(self._generations(), default=0) if self._path else 0
        try:
            content = self.files.read(self._at(newest)) if newest else b""
        except FileNotFoundError:
            return False  # given back this moment, so by another
        return bool(_owner(content).get("token") == self.owner["token"])

    def release(self) -> None:
        """Give it back if it is ours, with the remains of owners before."""
        self._ended.set()
        if self._beats is not None:
            self._beats.join(JOIN_S)  # a beat under way would write again what is removed here
        if not self.is_mine():
            return  # who has it since then removes what is left of us
        for generation in self._generations():
            if generation <= self._generation:
                self.files.remove(self._at(generation))

    def _at(self, generation: int) -> str:
        return f"leases/{self.name}.{generation}.json"

    def _generations(self) -> list[int]:
        """Of the leases of this name that lie in the store."""
        found = (name.split(".") for name in self.files.names("leases"))
        return [int(parts[1]) for parts in found if parts[0] == self.name]

    def _beat(self, number: int) -> bytes:
        return json.dumps({**self.owner, "beat": number}).encode()

    def _keep_beating(self) -> None:
        """Renew the lease until it is released, lost to another, or this process ends."""
        beat = 0
        while not self._ended.wait(BEAT_S):
            beat += 1
            try:
                if json.loads(self.files.read(self._path))["token"] != self.owner["token"]:
                    return
                self.files.write(self._path, self._beat(beat))
            except FileNotFoundError:
                return  # taken over and given back while this machine slept
            except Exception:  # whatever the client raises: the next beat may get through
                continue

    def _is_dead(self, path: str) -> bool:
        """Whether the owner is a process of this machine that has ended, or has not beaten."""
        try:
            content = self.files.read(path)
        except FileNotFoundError:
            return False  # given back this moment: the next look tells
        if content != self._seen[0]:
            self._seen = (content, time.monotonic())
        owner = _owner(content)
        if owner.get("machine") == self.owner["machine"] and not _is_alive(owner):
            return True
        return time.monotonic() - self._seen[1] >= TTL_S


def _owner(content: bytes) -> dict[str, Any]:
    """What a lease says of its owner; nothing if it is damaged, so that its time must pass."""
    try:
        owner = json.loads(content)
    except ValueError:
        return {}
    return owner if isinstance(owner, dict) else {}


def _process() -> dict[str, Any]:
    """This process, so that its neighbours can see at once whether it lives."""
    pid = os.getpid()
    return {"machine": _machine(), "host": socket.gethostname(), "pid": pid, "born": _born(pid)}


def _machine() -> str:
    """The running machine and, in a container, its view of processes; "" where nobody can tell."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return f"{socket.gethostname()} {os.getpid()}"  # nobody's neighbour: the beat decides


def _is_alive(owner: dict[str, Any]) -> bool:
    """Whether the process of a lease runs; another that got its number since does not count."""
    try:
        os.kill(owner["pid"], 0)  # asks, and does nothing
    except PermissionError:
        return True  # another user's, whom /proc may hide: the beat decides
    except OSError:
        return False
    return bool(_born(owner["pid"]) == owner["born"] != "")


def _born(pid: int) -> str:
    """When a process started, in ticks since the boot; "" if it has ended or cannot be asked."""
    try:
        state, *rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if state in "ZX" else rest[18]  # a killed child stays as Z until its parent looks
