"""The best checkpoints of a sweep, brought home: per fold and overall, with spec, scores, sha256.

    python -m orchestration.pull --storage DIR --out DIR [--sweep NAME]

"Best" is the ECG row with the best mean validation score; overall is its best fold. Test scores
come along but choose nothing.
"""

import hashlib
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from orchestration.chosen import Chosen, ChosenFold, best_row, read_record
from orchestration.cli import STORAGE, parser, place, run
from orchestration.formats import as_json
from orchestration.probabilities import read_confusion
from orchestration.store import Store

FILES = ("model.safetensors", "model.json", "spec.json", "scores.json", "curve.csv")


def main() -> None:
    """Copy the best checkpoints of a sweep; print the best one of each scheme."""
    words = parser("pull", __doc__)
    words.add_argument("--out", required=True, help="folder that gets the checkpoints")
    words.add_argument("--sweep", default="", help="name of a sweep; the newest if left out")
    given = words.parse_args()
    store = Store.existing(place(given.storage, "--storage", STORAGE))
    out = Path(given.out).expanduser().resolve()
    for best in pull(store, out, given.sweep):
        print(f"best checkpoint: {best}")


def pull(store: Store, out: Path, sweep: str = "") -> list[Path]:
    """Copy the best row's folds of each scheme to `out`; the best fold's folder of each scheme.

    Writes out/<scheme>/fold-<n>/, out/<scheme>/best/ and out/manifest.json.
    """
    record = read_record(store, sweep)
    rows = {scheme: best_row(record.rows, scheme) for scheme in record.plan["schemes"]}
    manifest: dict[str, Any] = {"sweep": record.name, "schemes": {}}
    best = []
    for scheme, row in rows.items():
        shutil.rmtree(out / scheme, ignore_errors=True)  # an earlier pull may have had more folds
        top = max(row.folds, key=lambda fold: float(fold.validation["score"]))
        places = {f"fold-{fold.fold}": fold for fold in row.folds} | {"best": top}
        manifest["schemes"][scheme] = {
            "row": row.row,
            "point": row.point,
            "checkpoints": {
                place: _copy(store, row, fold, out / scheme / place)
                for place, fold in places.items()
            },
        }
        best.append(out / scheme / "best")
    (out / "manifest.json").write_bytes(as_json(manifest))
    return best


def _copy(store: Store, row: Chosen, fold: ChosenFold, target: Path) -> dict[str, Any]:
    """Copy one phase's files and write its test scores beside them; their digests."""
    target.mkdir(parents=True)
    for name in FILES:
        (target / name).write_bytes(store.read_phase(fold.key, name))
    tested = [read_confusion(store, fold.key, subject) for subject in fold.test]
    scores = {"test": sum(tested[1:], tested[0]).scores(), "validation": dict(fold.validation)}
    (target / "scores.json").write_bytes(as_json(scores | {"fold": asdict(fold)}))
    return {
        "phase": fold.key,
        "scores": scores,
        "sha256": {path.name: _sha256(path) for path in sorted(target.iterdir())},
    }


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    run(main)
