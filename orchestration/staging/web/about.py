"""What the page says of a model: what it tells apart, what it learned from, how good it was."""

from collections.abc import Iterator, Mapping
from typing import Any

from orchestration.staging.spec import StagingSpec

ROWS = {  # of StagingSpec.origin -> what the page calls it
    "label": "Made as",
    "method": "Method",
    "model": "Network",
    "data": "Key of the training data",
    "phase": "Key of the training",
}
SCORES = {"kappa": "kappa", "accuracy": "accuracy", "macro_f1": "macro F1"}


def about(spec: StagingSpec) -> dict[str, Any]:
    """The model as rows of a title and a value, and in one sentence; JSON-able."""
    return {"model": spec.name, "trained_on": trained_on(spec.origin), "rows": [*_rows(spec)]}


def trained_on(origin: Mapping[str, Any]) -> str:
    """What it was trained on, and how well it did on others, as far as its folder tells."""
    told = origin.get("trained_on")
    nights = f"It was trained on {told}." if told else "It does not tell what it learned from."
    kappa = _within(origin, "scores", "test").get("kappa")
    if not isinstance(kappa, int | float):
        return f"{nights} How well it does on people it has not seen is not told."
    found = f"{kappa:.2f}".replace("-", "−")
    return (
        f"{nights} On people it had not seen, it agreed with their scorers by a kappa of {found} "
        "(0 is chance, 1 is always)."
    )


def _rows(spec: StagingSpec) -> Iterator[tuple[str, str]]:
    yield "Stages", ", ".join(spec.classes)
    people = _within(spec.origin, "subjects")
    if people:
        yield "People", ", ".join(f"{number} {use}" for use, number in people.items())
    scores = _within(spec.origin, "scores", "test")
    found = [f"{SCORES[name]} {scores[name]:.2f}" for name in SCORES if name in scores]
    if found:
        yield "On people it had not seen", ", ".join(found)
    for name, title in ROWS.items():
        if spec.origin.get(name):
            yield title, str(spec.origin[name])


def _within(values: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    """A mapping in a nest of them; empty where there is none."""
    for name in path:
        found = values.get(name)
        values = found if isinstance(found, Mapping) else {}
    return values
