"""What a sweep of denoisers leaves in a folder: for each scheme a report, tables, a checkpoint."""

import json
import platform
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from orchestration.denoising.experiment import DenoisingSweep
from orchestration.denoising.main_job import Trained
from orchestration.denoising.page import write_denoising_page
from orchestration.denoising.report import material_of, shown_row
from orchestration.denoising.stress_fronts import BARE
from orchestration.denoising.stress_points import StagedUnderNoise, read_stress
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
    staged = staged_under_noise(stress)
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


def staged_under_noise(paths: Sequence[Path]) -> list[StagedUnderNoise]:
    """What stress tests found: a part of the report for each scheme and row.

    Raises:
        ValueError: a file is not what a stress test writes, two do not go together, or none has a
            denoiser.
    """
    found = read_stress({str(path): path.read_bytes() for path in paths})
    if paths and not any(way.front != BARE.name for each in found for way in each.ways):
        raise ValueError(
            f"{', '.join(map(str, paths))}: no denoiser was in front of the networks. Run the "
            "stress test with --denoise."
        )
    return found


def _typed() -> str:
    """The command as a person types it; of a module that is run, Python only keeps the file."""
    module = getattr(sys.modules["__main__"], "__spec__", None)
    script = ["-m", module.name] if module else sys.argv[:1]
    return shlex.join(["python", *script, *sys.argv[1:]])
