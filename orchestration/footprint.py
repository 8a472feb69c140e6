"""How many bytes a sweep leaves, before it does; no Ray.

Not counted: what phases in training keep of themselves (four times their weights each) and Ray's
notes on a running search, both of which go when they are over; a few kB a phase for TensorBoard
and as much a test night for the report's comparisons of features and of 20 s pages.
"""

from collections.abc import Mapping, Sequence

from datasets.parquet import Subject
from datasets.segments import SEGMENT_SAMPLES
from datasets.stages import SCHEMES
from kd_core.models import count, spec_from_dict
from orchestration.cohort import segments_of
from orchestration.estimate import Need
from orchestration.experiment import Phase
from orchestration.sweeps import Sweep

NOTES_BYTES = 6000  # spec.json, model.json, scores.json and the marker, without their subjects
SUBJECT_BYTES = 400  # of each subject in those: its names, its hash, its confusion matrix
EPOCH_BYTES = 200  # a row of curve.csv
FOOTER_BYTES = 3000  # of a Parquet file
FEATURES = 112  # RR-interval features of a segment, float32
FEATURES_FOOTER_BYTES = 30_000  # of a night's file of them, which has a column each
LABEL_BYTES = 12  # of a segment in the night cache: its place and its stage


def windows_bytes(segments: int) -> int:
    """Ingested nights: two channels of float32."""
    return segments * 2 * SEGMENT_SAMPLES * 4


def cache_bytes(segments: int) -> int:
    """Scaled nights on each machine: two channels of float16, places and stages."""
    return segments * (2 * SEGMENT_SAMPLES * 2 + LABEL_BYTES)


def phases_bytes(needs: Sequence[Need], subjects: Mapping[str, Subject]) -> int:
    """Finished phases: float32 weights, a teacher's float16 logits, notes."""
    return sum(need.times * _phase_bytes(need.phase, subjects) for need in needs)


def scores_bytes(sweep: Sweep) -> int:
    """Test subjects' probabilities: K float32 and a label a segment, for each row of the table.

    The rows of every seed, and RR intervals with the features that they are staged from.
    """
    rows = len(sweep.plan.methods) * (1 + len(sweep.repeats)) + bool(sweep.plan.search.trials) + 1
    sizes = {subject.name: segments_of(subject) for subject in sweep.subjects}
    features = sum(FEATURES_FOOTER_BYTES + 4 * FEATURES * size for size in sizes.values())
    return features + sum(
        rows * (FOOTER_BYTES + sizes[name] * (1 + 4 * len(SCHEMES[scheme].classes)))
        for scheme in sweep.plan.schemes
        for fold in sweep.folds
        for name in fold.test
    )


def _phase_bytes(phase: Phase, subjects: Mapping[str, Subject]) -> int:
    spec = phase.spec
    model = spec_from_dict(spec["model"])
    notes = NOTES_BYTES + SUBJECT_BYTES * len(spec["data"])
    logits = 0
    if phase.step.phase == "teacher":
        classes = len(SCHEMES[spec["scheme"]].classes)
        logits = sum(segments_of(subjects[s]) for s in spec["train"]) * classes * 2
    epochs: int = spec["training"]["epochs"]
    return 4 * count(model) + logits + notes + EPOCH_BYTES * epochs
