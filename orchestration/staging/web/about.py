"""What the page says of a model: what it tells apart, what it learned from, how good it was."""

from collections.abc import Iterator, Mapping
from typing import Any

from orchestration.staging.many import model_words
from orchestration.staging.spec import StagingSpec

ROWS = {  # of StagingSpec.origin -> what the page calls it
    "label": "Made as",
    "method": "Method",
    "model": "Network",
    "data": "Key of the training data",
    "phase": "Key of the training",
}
SCORES = {  # of StagingSpec.tested
    "kappa": "kappa {:.2f} (0 is chance, 1 is always)",
    "accuracy": "accuracy {:.2f}",
    "macro_f1": "macro F1 {:.2f}",
}


def about(spec: StagingSpec) -> dict[str, Any]:
    """The model as rows of a title and a value, and in two sentences; JSON-able."""
    told = spec.origin.get("trained_on")
    trained = f"It was trained on {told}." if told else "It does not tell what it learned from."
    return {"model": f"{model_words(spec)}.", "trained_on": trained, "rows": [*_rows(spec)]}


def _rows(spec: StagingSpec) -> Iterator[tuple[str, str]]:
    yield "Stages", ", ".join(spec.classes)
    people = spec.origin.get("subjects")
    if isinstance(people, Mapping) and people:
        yield "People", ", ".join(f"{number} {use}" for use, number in people.items())
    found = [
        words.format(spec.tested[name]) for name, words in SCORES.items() if name in spec.tested
    ]
    if found:
        yield "On people it had not seen", ", ".join(found)
    for name, title in ROWS.items():
        if spec.origin.get(name):
            yield title, str(spec.origin[name])
