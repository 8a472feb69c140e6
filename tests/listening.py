"""Which processes of a Ray listen, and where, as Linux tells it in /proc."""

import ipaddress
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

LISTEN = "0A"  # a state in /proc/net/tcp


class Listener(NamedTuple):
    """A TCP port that waits for connections."""

    address: str
    port: int
    process: str

    @property
    def beyond_loopback(self) -> bool:
        """Whether another machine can reach it."""
        ip = ipaddress.ip_address(self.address)
        inner = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
        return not (inner or ip).is_loopback


def processes_in(ray_folder: str) -> list[int]:
    """Every process that was started with this RAY_TMPDIR."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if f"RAY_TMPDIR={ray_folder}\0".encode() in (place / "environ").read_bytes():
                found.append(int(place.name))
        except OSError:  # it has ended, or is somebody else's
            continue
    return found


def listeners(ray_folder: str) -> set[Listener]:
    """Every port that a process of this Ray listens on."""
    owners = dict(_sockets(processes_in(ray_folder)))
    return {
        Listener(_address(local.split(":")[0]), int(local.split(":")[1], 16), owners[inode])
        for local, state, inode in _table()
        if state == LISTEN and inode in owners
    }


def _sockets(pids: Iterable[int]) -> Iterator[tuple[str, str]]:
    """The inode of each open socket, and the command that holds it."""
    for pid in pids:
        try:
            command = (
                Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
            )
            links = [os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir()]
        except OSError:
            continue
        yield from ((link[8:-1], command) for link in links if link.startswith("socket:["))


def _table() -> Iterator[tuple[str, str, str]]:
    """Local address, state and inode of each TCP socket of this machine."""
    for name in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]:
            fields = line.split()
            yield fields[1], fields[3], fields[9]


def _address(written: str) -> str:
    """An address as people write it, from /proc's words of four bytes in reverse."""
    words = bytes.fromhex(written)
    turned = b"".join(words[i : i + 4][::-1] for i in range(0, len(words), 4))
    return str(ipaddress.ip_address(turned))
