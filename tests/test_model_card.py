"""The model card says what is known of a model, and nothing in it is taken for markup."""

from typing import Any

import pytest
import yaml

from orchestration.portable.card import model_card
from orchestration.portable.front import front_matter
from orchestration.staging.spec import StagingSpec

HOSTILE = '<script>alert(1)</script> | [x](javascript:1) `"\\ # --- {{ é }} 😀'
INT8 = {
    "in_bytes": 35,
    "convolutions": 35,
    "nights": "generated nights",
    "mean_difference": 0.0151,
    "max_difference": 0.137,
    "labels_equal": 0.95416,
    "labels": 240,
}
SCORES = {
    "test": {"accuracy": 0.55, "kappa": -0.02, "f1_W": 0.09, "floor": 0.58},
    "validation": {"accuracy": 0.74, "kappa": 0.02, "epoch": 5, "floor": 0.71},
}


def spec(name: str = "W-N-R compact", **origin: Any) -> StagingSpec:
    return StagingSpec(
        name=name,
        classes=("W", "N", "R"),
        hz=200,
        segment_samples=6000,
        scaling="night",
        limit=20.0,
        before_samples=91370,
        after_samples=91370,
        files={"onnx": "model.onnx", "int8": "model.int8.onnx"},
        origin=origin,
    )


def head(card: str) -> dict[str, Any]:
    """The front matter, as the hub reads it."""
    first, yaml_text, words = card.split("---\n", 2)
    assert first == ""
    assert words.startswith("\n# ")
    values: dict[str, Any] = yaml.safe_load(yaml_text)
    return values


def test_the_front_matter_has_what_the_hub_asks_for() -> None:
    values = head(model_card(spec(scores=SCORES, data="c6929f81228ee47d")))
    assert "license" not in values  # the recordings it learned from may bind it
    assert {"library_name", "tags", "pipeline_tag", "metrics"} <= set(values)
    (index,) = values["model-index"]
    test, validation = index["results"]
    assert (index["name"], test["dataset"]["split"]) == ("W-N-R compact", "test")
    found = {metric["name"]: (metric["type"], metric["value"]) for metric in test["metrics"]}
    assert found == {
        "accuracy": ("accuracy", 0.55),
        "kappa": ("cohen_kappa", -0.02),
        "f1_W": ("f1", 0.09),
    }
    assert "c6929f81228ee47d" in validation["dataset"]["name"]


def test_the_card_says_what_a_reader_must_know() -> None:
    told: dict[str, Any] = {
        "method": "AT+SD+CL",
        "parameters": {"alpha": 0.5},
        "data": "c6929f81228ee47d",
    }
    card = model_card(spec(scores=SCORES, agreement={"onnx": 3e-6}, int8=INT8, **told))
    for words in (
        "Not a medical device",
        "R peaks upwards, resampled to 200 Hz",
        "clipped to ±20",
        "456.85 s before it",
        "| training-data key | c6929f81228ee47d |",
        "softened class probabilities",
        "| alpha | 0.5 |",
        "| test | 0.550 | -0.020 | 0.090 | 0.580 |",
        "onnx: logits within 3.0e-06 of torch's",
        "35 of 35 convolutions in bytes",
        "95.42% of 240 labels are equal",
        "arxiv.org/abs/2112.07252",
        'load("DIR")',
    ):
        assert words in card


def test_an_accuracy_that_misses_the_floor_is_said_aloud() -> None:
    assert "**On test subjects it does not do better.**" in model_card(spec(scores=SCORES))
    better = {"test": {"accuracy": 0.7, "floor": 0.6}}
    assert "does not do better" not in model_card(spec(scores=better))


def test_a_bare_checkpoint_promises_nothing() -> None:
    card = model_card(spec())
    assert "nothing is known of how well it does" in card
    assert "Nothing is known of how it was trained" in card
    assert "model-index" not in head(card)


@pytest.mark.parametrize("field", ["trained_on", "label", "data"])
def test_text_from_outside_stays_text(field: str) -> None:
    origin: dict[str, Any] = {field: HOSTILE + "\n\n# Cured", "scores": SCORES}
    card = model_card(spec(HOSTILE, **origin))
    words = card.split("---\n", 2)[2] if field != "label" else card.partition("\n---\n")[2]
    assert "<script" not in words
    assert "\n# Cured" not in card
    assert "](javascript" not in words
    assert r"\[x\]\(javascript:1\)" in words


def test_yaml_gives_hostile_names_back_as_they_were() -> None:
    text = front_matter(spec(HOSTILE, scores=SCORES)).removeprefix("---\n").removesuffix("---")
    assert yaml.safe_load(text)["model-index"][0]["name"] == HOSTILE
