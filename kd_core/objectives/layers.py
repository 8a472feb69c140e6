"""Layer sets: names for which maps attention transfer compares, whatever a network's depth.

Taps are named encoder1 .. encoderN (finest first), bottleneck, decoderN .. decoder1, dense. A set
is a rule over the student's names; `layers_of` checks that the two networks can be compared.
"""

from collections.abc import Callable, Mapping, Sequence

Rule = Callable[[Sequence[str]], tuple[str, ...]]


def layers_of(
    name: str, student: Mapping[str, int], teacher: Mapping[str, int]
) -> tuple[str, ...]:
    """The taps that a layer set names, in the order of the network.

    Args:
        name: a row of LAYER_SETS, or tap names joined by '+', such as "encoder1+bottleneck".
        student, teacher: length a segment of each tap of the two networks, as `tap_lengths` gives.
    """
    rule = LAYER_SETS.get(name) or _joined(name)
    layers = rule(list(student))
    for layer in layers:
        _check(name, layer, student, teacher)
    return layers


def _check(name: str, layer: str, student: Mapping[str, int], teacher: Mapping[str, int]) -> None:
    if layer not in student or layer not in teacher:
        shared = [tap for tap in student if tap in teacher]
        raise ValueError(
            f"layer set {name!r} needs the tap {layer!r}; student and teacher share {shared}. "
            f"Choose from {list(LAYER_SETS)}, or join shared taps by '+'."
        )
    if student[layer] != teacher[layer]:
        equal = [tap for tap in student if student[tap] == teacher.get(tap)]
        raise ValueError(
            f"layer set {name!r}: tap {layer!r} has {student[layer]} samples a segment in the "
            f"student and {teacher[layer]} in the teacher; equal are {equal}. "
            "Join equal taps by '+', or give both networks the same pools."
        )


def _joined(name: str) -> Rule:
    """The taps of "a+b" in the network's order, so that "b+a" is the same training."""
    asked = set(name.split("+"))
    return lambda taps: (*(t for t in taps if t in asked), *sorted(asked.difference(taps)))


def _named(taps: Sequence[str], prefix: str) -> tuple[str, ...]:
    return tuple(tap for tap in taps if tap.startswith(prefix))


def _every(taps: Sequence[str]) -> tuple[str, ...]:
    return tuple(taps)


def _encoder(taps: Sequence[str]) -> tuple[str, ...]:
    return _named(taps, "encoder")


def _decoder(taps: Sequence[str]) -> tuple[str, ...]:
    return _named(taps, "decoder")


def _bottleneck(taps: Sequence[str]) -> tuple[str, ...]:
    return ("bottleneck",)


def _deep(taps: Sequence[str]) -> tuple[str, ...]:
    """The bottleneck and its neighbours, the coarsest map on either side."""
    return (*_encoder(taps)[-1:], "bottleneck", *_decoder(taps)[:1])


def _shallow(taps: Sequence[str]) -> tuple[str, ...]:
    """The first half of the encoder, rounded up: the student runs no deeper."""
    encoder = _encoder(taps)
    return encoder[: (len(encoder) + 1) // 2]


def _ends(taps: Sequence[str]) -> tuple[str, ...]:
    """The finest map on either side."""
    return ("encoder1", "decoder1")


def _reference(taps: Sequence[str]) -> tuple[str, ...]:
    """What the released code compares: every map, and the last decoder map once more."""
    return (*_encoder(taps), "bottleneck", *_decoder(taps), "decoder1", "dense")


LAYER_SETS: dict[str, Rule] = {
    "all": _every,
    "encoder": _encoder,
    "bottleneck": _bottleneck,
    "decoder": _decoder,
    "deep": _deep,
    "shallow": _shallow,
    "ends": _ends,
    "reference": _reference,  # github.com/acrophase/Sleep_Staging_KD, FEAT_TRAINING.py
}
