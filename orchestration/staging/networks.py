"""Opens the network of an exported folder, with the runtime that a person has.

A network takes (T*S,) float32 scaled samples and gives (K, seconds) float32 logits. Files are held
to SHA256SUMS, which tells a damaged folder, not a hostile one. ONNX files and torch's weights
execute nothing when they are opened; a torch.export program can ("program"), because torch
unpickles and evaluates parts of it: open one only from somebody whose code you would run.
"""

import hashlib
import importlib
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from orchestration.staging.pieces import Network
from orchestration.staging.spec import CONFIG, StagingSpec

SUMS = "SHA256SUMS"


class Runtime(NamedTuple):
    """What runs a network."""

    open: Callable[[Path, int], Network]
    """(file, threads) -> network of (T*S,) -> (K, seconds), unchecked."""
    beside: tuple[str, ...] = ()
    """Other files of the folder that it reads."""


def open_network(
    folder: Path, spec: StagingSpec, runtime: str = "onnx", threads: int = 1
) -> Network:
    """The network of an exported folder.

    Args:
        spec: what the folder's config.json says.
        runtime: a row of RUNTIMES.
        threads: how many it may use.

    Raises:
        ValueError: there is no such runtime here or in the folder, or a file was changed.
    """
    if runtime not in RUNTIMES or runtime not in spec.files:
        known = [name for name in RUNTIMES if name in spec.files]
        raise ValueError(f"there is no runtime {runtime!r} for {folder}; allowed are {known}.")
    row = RUNTIMES[runtime]
    for name in (CONFIG, spec.files[runtime], *row.beside):
        check_file(folder, name)
    try:
        network = row.open(folder / spec.files[runtime], threads)
    except ValueError:
        raise
    except Exception as error:  # each runtime has its own
        reason = " ".join(str(error).split())
        raise ValueError(f"{runtime!r} cannot open the model of {folder}: {reason}") from error
    return checked(network, spec)


def check_file(folder: Path, name: str) -> None:
    """A ValueError unless the folder's file is the one that its SHA256SUMS was written for."""
    sums, path = read_sums(folder), folder / name
    if name not in sums or not path.is_file():
        raise ValueError(
            f"{folder} has no file {name!r}, or its {SUMS} does not name it; there are "
            f"{sorted(sums)}. Fetch the folder again."
        )
    if (found := sha256(path)) != sums[name]:
        raise ValueError(
            f"{path} has sha256 {found}, but {SUMS} was written for {sums[name]}. The file was "
            "changed or cut; fetch the folder again."
        )


def read_sums(folder: Path) -> dict[str, str]:
    """File name -> digits, as `sha256sum` writes them; names are of this folder alone."""
    path = folder / SUMS
    if not path.is_file():
        raise ValueError(f"{folder} has no {SUMS}: it is no exported model, or not all of one.")
    lines = path.read_text(errors="replace").splitlines()
    pairs = [line.partition("  ")[::2] for line in lines]
    return {name: digits for digits, name in pairs if name and name == Path(name).name}


def sha256(path: Path) -> str:
    """Of a file, in hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checked(network: Network, spec: StagingSpec) -> Network:
    """A network that is given what it can take, and gives what it must."""

    def answer(samples: np.ndarray) -> np.ndarray:
        S = spec.segment_samples
        if samples.ndim != 1 or len(samples) % S or not len(samples):
            raise ValueError(f"found samples {samples.shape}; allowed are (T*{S},), T from 1 on.")
        logits = network(np.ascontiguousarray(samples, np.float32))
        expected = (len(spec.classes), len(samples) // spec.hz)
        if logits.shape != expected:
            raise ValueError(
                f"the network of {spec.name!r} answered {logits.shape} where its config.json "
                f"promises {expected}. Export the model again."
            )
        return logits

    return answer


def _in_onnx(path: Path, threads: int) -> Network:
    """By ONNX Runtime; from the file's bytes, so that it names no other file."""
    runtime = _needed("onnxruntime", "onnx")
    options = runtime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3  # errors alone
    session = runtime.InferenceSession(
        path.read_bytes(), options, providers=["CPUExecutionProvider"]
    )

    def network(samples: np.ndarray) -> np.ndarray:
        (logits,) = session.run(["logits"], {"samples": samples[None, None]})
        return np.asarray(logits[0])

    return network


def _in_torch(path: Path, threads: int) -> Network:
    """By torch, from safetensors and model.json."""
    torch = _needed("torch", "torch")
    _needed("safetensors", "torch")
    from kd_core import checkpoint
    from kd_core.by_second import BySecond

    stored = checkpoint.load(path.parent)
    return _by_torch(torch, BySecond(stored.model, stored.spec), threads)


def _in_program(path: Path, threads: int) -> Network:
    """By torch, from a torch.export program."""
    torch = _needed("torch", "program")
    program = torch.export.load(io.BytesIO(path.read_bytes()))
    return _by_torch(torch, program.module(), threads)


def _by_torch(torch: ModuleType, module: Callable[..., Any], threads: int) -> Network:
    def network(samples: np.ndarray) -> np.ndarray:
        with _threads(torch, threads), torch.inference_mode():
            logits = module(torch.from_numpy(samples[None, None]))
        return np.asarray(logits[0].numpy())

    return network


@contextmanager
def _threads(torch: ModuleType, threads: int) -> Iterator[None]:
    """So many threads for torch, and then as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _needed(package: str, runtime: str) -> ModuleType:
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        raise ValueError(
            f"runtime {runtime!r} needs {package}, which is not installed: pip install {package}."
        ) from None


RUNTIMES: dict[str, Runtime] = {
    "onnx": Runtime(_in_onnx),
    "int8": Runtime(_in_onnx),
    "program": Runtime(_in_program),
    "torch": Runtime(_in_torch, ("model.json", "model.safetensors")),
}
