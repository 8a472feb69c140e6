"""Layer sets at several depths, and what is said when two networks cannot be compared."""

import pytest

from kd_core.objectives.layers import LAYER_SETS, layers_of


def taps_of(depth: int, coarsest: int = 2) -> dict[str, int]:
    """Tap lengths a segment of a network of so many levels, in its order."""
    encoder = {f"encoder{n}": coarsest * 2 ** (depth - n) for n in range(1, depth + 1)}
    decoder = {f"decoder{n}": coarsest * 2 ** (depth - n + 1) for n in range(depth, 0, -1)}
    return {**encoder, "bottleneck": coarsest, **decoder, "dense": coarsest * 2**depth}


@pytest.mark.parametrize("depth", [1, 2, 5])
@pytest.mark.parametrize("name", LAYER_SETS)
def test_every_set_names_taps_of_a_network_of_any_depth(name: str, depth: int) -> None:
    layers = layers_of(name, taps_of(depth), taps_of(depth))
    assert layers
    assert set(layers) <= set(taps_of(depth))


@pytest.mark.parametrize(
    ("name", "layers"),
    [
        ("all", "encoder1 encoder2 encoder3 bottleneck decoder3 decoder2 decoder1 dense"),
        ("encoder", "encoder1 encoder2 encoder3"),
        ("bottleneck", "bottleneck"),
        ("decoder", "decoder3 decoder2 decoder1"),
        ("deep", "encoder3 bottleneck decoder3"),
        ("shallow", "encoder1 encoder2"),
        ("ends", "encoder1 decoder1"),
        ("bottleneck+encoder1", "encoder1 bottleneck"),
    ],
)
def test_sets_of_a_network_of_three_levels(name: str, layers: str) -> None:
    assert layers_of(name, taps_of(3), taps_of(3)) == tuple(layers.split())


def test_the_reference_set_repeats_the_last_decoder_map_as_the_released_code_does() -> None:
    layers = layers_of("reference", taps_of(5), taps_of(5))
    assert layers[-3:] == ("decoder1", "decoder1", "dense")
    assert len(layers) == 5 + 1 + 5 + 1 + 1


def test_an_unknown_set_lists_the_taps_and_the_sets() -> None:
    with pytest.raises(ValueError, match=r"'attic'.*share \['encoder1'.*Choose from \['all'"):
        layers_of("attic", taps_of(2), taps_of(2))


def test_a_tap_that_the_teacher_lacks_is_refused() -> None:
    teacher = {name: length for name, length in taps_of(3).items() if name != "encoder3"}
    with pytest.raises(ValueError, match=r"needs the tap 'encoder3'.*share \['encoder1', 'enc"):
        layers_of("all", taps_of(3), teacher)


def test_taps_of_unequal_length_are_refused_with_those_that_are_equal() -> None:
    teacher = {**taps_of(2), "bottleneck": 7}
    with pytest.raises(ValueError, match=r"2 samples .* 7 in the teacher.*'encoder1'"):
        layers_of("deep", taps_of(2), teacher)
