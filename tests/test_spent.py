"""Where the time of phases goes: what is counted, what is said of it."""

import time
from contextlib import suppress

from orchestration.spent import Clock, in_words, total

ONE = {"start_s": 1.0, "train_s": 8.0, "waited_s": 0.2, "end_s": 1.0}


def test_a_clock_adds_what_passes_within_it_also_when_that_fails() -> None:
    clock = Clock()
    with clock.running():
        time.sleep(0.01)
    assert clock.seconds >= 0.01
    with suppress(ValueError), clock.running():
        time.sleep(0.01)
        raise ValueError
    assert clock.seconds >= 0.02


def test_phases_add_up_and_those_that_were_not_timed_are_left_out() -> None:
    assert total([ONE, {}, ONE]) == {"phases": 2} | {name: 2 * s for name, s in ONE.items()}
    assert total([{}]) == {}


def test_shares_are_of_the_whole_and_waiting_is_of_the_training() -> None:
    assert in_words(total([ONE, ONE])) == (
        "2 phases took 20 s, one after another: 10.0 % until the first epoch, 80.0 % training, "
        "10.0 % for results. Of the training 2.5 % was waiting for data."
    )
