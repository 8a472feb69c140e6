"""What a sweep of denoisers leaves in a folder: for each scheme a report, tables, a checkpoint."""

import json
import platform
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestration.denoising.experiment import DenoisingSweep
from orchestration.denoising.main_job import Trained
from orchestration.denoising.material import StagedUnderNoise
from orchestration.denoising.page import write_denoising_page
from orchestration.denoising.report import material_of, shown_row
from orchestration.denoising.stress_points import floors_of, points_of, read_conditions
from orchestration.formats import as_json
from orchestration.provenance import provenance
from orchestration.pull import FILES
from orchestration.store import Store


def write_all(
    sweep: DenoisingSweep,
    trained: Sequence[Trained],
    store: Store,
    out: Path,
    stress: Sequence[Path] = (),
) -> list[Path]:
    """Fill a folder for each scheme of which a network was trained, by its name; gives them."""
    made = provenance(sweep.windows, sweep.digests([patient.name for patient in sweep.patients]))
    made |= {"command": _typed(), "noise": sweep.noise}
    made |= {"machine": f"{platform.machine()}, {platform.system()}"}
    staged = [found for path in stress for found in staged_under_noise(path)]
    folders = []
    for scheme in sweep.plan.schemes:
        folder = out / scheme.replace(" ", "-")
        own = [row for row in trained if row.scheme == scheme and not row.failed]
        if not own:
            continue  # every reason has been printed
        copy_best(shown_row(own), store, folder / "best")
        material = material_of(
            sweep, scheme, trained, store, made["command"], staged, json.dumps(made, indent=1)
        )
        write_denoising_page(folder, material, png=True)
        folders.append(folder)
    return folders


def copy_best(row: Trained, store: Store, target: Path) -> None:
    """The row's checkpoint of the fold that is best on validation patients, to be exported."""
    best = max(row.outcomes, key=lambda outcome: float(outcome.validation["score"]))
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for name in FILES:
        (target / name).write_bytes(store.read_phase(best.key, name))
    place = {"row": row.name, "point": str(row.point), "fold": row.outcomes.index(best)}
    (target / "place.json").write_bytes(as_json(place))


def staged_under_noise(path: Path) -> list[StagedUnderNoise]:
    """What a stress test found: a part of the report for each network and denoiser.

    Raises ValueError where the file is not what a stress test writes, or has no denoiser.
    """
    try:
        found = _parts(read_conditions(path.read_bytes()))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path} is no stress.json of python -m orchestration.stress_test: "
            f"{type(error).__name__} {error}. Run the stress test again."
        ) from error
    if not found:
        raise ValueError(
            f"{path} compares nothing, for no denoiser was in front of the networks. Run the "
            "stress test with --denoise."
        )
    return found


def _parts(conditions: Sequence[Mapping[str, Any]]) -> list[StagedUnderNoise]:
    schemes = dict.fromkeys(one["scheme"] for one in conditions)
    floors = {scheme: floors_of(conditions, scheme) for scheme in schemes}
    pairs = dict.fromkeys((one["row"], one["denoiser"]) for one in conditions)
    return [
        StagedUnderNoise(
            row=f"{row}, {denoiser}", found=points_of(conditions, row, denoiser), floors=floors
        )
        for row, denoiser in pairs
        if denoiser != "none"
    ]


def _typed() -> str:
    """The command as a person types it; of a module that is run, Python only keeps the file."""
    module = getattr(sys.modules["__main__"], "__spec__", None)
    script = ["-m", module.name] if module else sys.argv[:1]
    return shlex.join(["python", *script, *sys.argv[1:]])
