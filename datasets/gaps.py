"""What rate and length a recording may have, and how far gaps may spread its samples.

A few bytes can claim a gap of years; these bounds keep what is made of a file in proportion to it.
"""

from datasets.recording import LONGEST_S, RATES_HZ, UnusableRecording

MOST = 10  # our choice: samples on the clock for each that was recorded
SAMPLES_A_BYTE = 64  # our choice, of packed files: no ECG can be packed so tightly, a trap can


def check_rate(hz: float, where: str) -> None:
    """Refuse a rate that no recorder has, before anything is made of that size."""
    if not RATES_HZ[0] <= hz <= RATES_HZ[1]:
        raise UnusableRecording(
            f"{where} has a rate of {hz:g} Hz; allowed are {RATES_HZ[0]:g} to {RATES_HZ[1]:g} Hz. "
            "Correct it in the file, or give the true one with --hz."
        )


def check_length(length: int, hz: float, where: str) -> None:
    """Refuse a length on the clock, in samples, of more than a week."""
    if length / hz > LONGEST_S:
        raise UnusableRecording(
            f"{where} spans {length / hz / 3600:.0f} hours in all; a week is allowed. "
            "Cut it into its nights."
        )


def check_span(length: int, recorded: int, hz: float, where: str) -> None:
    """Refuse a length on the clock, in samples, that is mostly gaps or longer than a week."""
    check_length(length, hz, where)
    if length > MOST * recorded:
        raise UnusableRecording(
            f"{where} has samples for {recorded / hz:.0f} s of the {length / hz:.0f} s it spans; "
            f"gaps of {1 - 1 / MOST:.0%} are allowed. Cut out the part that was recorded."
        )


def gap_note(count: int, missing: int, hz: float) -> tuple[str, ...]:
    """What to say of gaps with so many samples in all; nothing where there are none."""
    if not missing:
        return ()
    gaps = "one gap" if count == 1 else f"{count} gaps, together"
    return (f"Missing samples: {gaps} of {missing / hz:.1f} s.",)
