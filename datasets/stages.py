"""The sleep stages, and the schemes that merge them into the classes a network names.

Five stages are stored and a scheme is applied on reading, so one store serves 3, 4 and 5 classes.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

UNSCORED = -1  # '?', movement, padding: takes no part in a loss or a score


class Stage(IntEnum):
    """A sleep stage as it is stored (int8); R&K stages 3 and 4 are both N3."""

    W = 0
    N1 = 1
    N2 = 2
    N3 = 3
    R = 4


@dataclass(frozen=True)
class ClassScheme:
    """Which stages are told apart and which are merged."""

    name: str
    """What reports and command lines call it."""
    classes: tuple[str, ...]
    """Names of the classes, in label order."""
    class_of: tuple[int, ...]
    """Class index of each Stage, in the order of Stage."""

    def __post_init__(self) -> None:
        if len(self.class_of) != len(Stage):
            raise ValueError(
                f"scheme {self.name!r} has {len(self.class_of)} entries in class_of; "
                f"it needs one for each of {[stage.name for stage in Stage]}."
            )
        if set(self.class_of) != set(range(len(self.classes))):
            raise ValueError(
                f"scheme {self.name!r} maps stages to classes {sorted(set(self.class_of))}; "
                f"each of 0..{len(self.classes) - 1} must occur, one for each of {self.classes}."
            )

    def labels(self, stages: np.ndarray) -> np.ndarray:
        """Class labels of stages; UNSCORED stays UNSCORED.

        Shapes: stages int8, any shape; returns int64 of the same shape.
        """
        table = np.array([*self.class_of, UNSCORED], dtype=np.int64)  # index -1 is the last
        stages = np.asarray(stages)
        if stages.size and (stages.min() < UNSCORED or stages.max() >= len(Stage)):
            raise ValueError(
                f"stages run from {stages.min()} to {stages.max()}; "
                f"allowed are {UNSCORED} (unscored) to {max(Stage)}."
            )
        return np.take(table, stages, mode="wrap")


SCHEMES: dict[str, ClassScheme] = {
    scheme.name: scheme
    for scheme in (
        ClassScheme("W-N-R", ("W", "N", "R"), (0, 1, 1, 1, 2)),
        ClassScheme("W-L-D-R", ("W", "L", "D", "R"), (0, 1, 1, 2, 3)),
        ClassScheme("W-N1-N2-N3-R", ("W", "N1", "N2", "N3", "R"), (0, 1, 2, 3, 4)),
    )
}
