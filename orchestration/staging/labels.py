"""From logits a second to a label every few seconds, and none where nothing can be told."""

import numpy as np

OUTPUT_S = range(1, 31)  # seconds a label may last
CLINICAL_S = 20  # labels that last so long are what scorers score
MOST_UNUSABLE = 0.5  # share of a label's seconds; ours


def probabilities_of(logits: np.ndarray, unusable: np.ndarray, output_s: int) -> np.ndarray:
    """Class probabilities of each whole label; NaN where most of its seconds are unusable.

    A label's logits are the mean of its seconds', as the network's own head averages a segment.

    Shapes: logits (K, seconds), unusable (seconds,) bool; returns (seconds // output_s, K).
    """
    check_output_s(output_s)
    n = logits.shape[1] // output_s
    seconds = logits[:, : n * output_s].astype(np.float64)
    means = seconds.reshape(len(logits), n, output_s).mean(-1).T  # (K, seconds) -> (n, K)
    powers = np.exp(means - means.max(axis=1, keepdims=True))
    found = powers / powers.sum(axis=1, keepdims=True)
    share = unusable[: n * output_s].reshape(n, output_s).mean(-1)
    return np.where(share[:, None] > MOST_UNUSABLE, np.nan, found)


def check_output_s(output_s: int) -> None:
    """Refuse a rate of labels that is not a whole number of seconds from 1 to 30."""
    if output_s not in OUTPUT_S:
        raise ValueError(
            f"a label was asked for every {output_s} s; allowed are whole seconds from "
            f"{OUTPUT_S[0]} to {OUTPUT_S[-1]}."
        )


def notes_on(output_s: int) -> tuple[str, ...]:
    """What to know of statistics that are counted in labels so short."""
    if output_s >= CLINICAL_S:
        return ()
    return (
        f"Statistics count labels of {output_s} s, so that short awakenings count which "
        "30 s would hide; clinics compare those of 30 s.",
    )
