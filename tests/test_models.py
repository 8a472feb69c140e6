"""The table of models: published sizes, what they cost and see, seeds, specs as JSON."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.naive_utime import NaiveUTime
from kd_core import checkpoint
from kd_core.models import (
    ARCHITECTURES,
    DENOISERS,
    MODELS,
    ModelSpec,
    build_model,
    count,
    denoiser_spec,
    macs,
    model_spec,
    receptive_field,
    spec_from_dict,
    tap_lengths,
)
from kd_core.models.__main__ import main

EVERY_MODEL = pytest.mark.parametrize("name", MODELS)


@pytest.mark.parametrize(("classes", "parameters"), [(3, 4_813_215), (4, 4_813_240)])
def test_reference_is_as_large_as_the_released_network(classes: int, parameters: int) -> None:
    assert count(model_spec("reference", classes)) == parameters


def test_context_is_as_large_as_worked_out_by_hand() -> None:
    assert count(model_spec("context", 4)) == 4_520_888


@pytest.mark.parametrize(
    ("name", "gmac", "seconds"), [("reference", 1.29, 5.84), ("context", 0.125, 240.0)]
)
def test_cost_and_sight_are_the_known_ones(name: str, gmac: float, seconds: float) -> None:
    spec = model_spec(name, 4)
    assert macs(spec) / 1e9 == pytest.approx(gmac, rel=4e-3)
    # the known figures end at the bottleneck; the decoder's convolutions look further
    assert receptive_field(spec, "bottleneck") / spec.hz == pytest.approx(seconds, rel=1e-3)
    assert receptive_field(spec) > receptive_field(spec, "bottleneck")


@EVERY_MODEL
def test_multiply_accumulates_are_half_of_what_torch_counts_as_operations(name: str) -> None:
    spec = model_spec(name, 4)
    with FlopCounterMode(display=False) as counter:
        NaiveUTime(spec)(torch.ones(2, 1, spec.segment_samples))
    assert macs(spec) == counter.get_total_flops() / 2 / 2  # operations, windows


@EVERY_MODEL
def test_a_preset_has_five_levels_and_survives_json(name: str) -> None:
    spec = model_spec(name, 4)
    down = [f"encoder{level}" for level in (1, 2, 3, 4, 5)]
    up = [f"decoder{level}" for level in (5, 4, 3, 2, 1)]
    assert spec.tap_names == (*down, "bottleneck", *up, "dense")
    assert spec_from_dict(json.loads(json.dumps(asdict(spec)))) == spec


@pytest.mark.parametrize("name", DENOISERS)
def test_a_denoiser_survives_json_and_a_checkpoint(name: str, tmp_path: Path) -> None:
    spec = denoiser_spec(name)
    assert spec_from_dict(json.loads(json.dumps(asdict(spec)))) == spec
    model = build_model(spec, seed=1)
    checkpoint.save(tmp_path, spec, model, {})
    found = checkpoint.load(tmp_path)
    assert found.spec == spec
    x = torch.ones(1, 1, 60)
    assert torch.equal(found.model(x).logits, model.eval()(x).logits)


def test_all_denoisers_can_teach_each_other() -> None:
    lengths = [tap_lengths(denoiser_spec(name)) for name in DENOISERS]
    assert all(own == lengths[0] for own in lengths)


def test_every_preset_is_of_a_known_kind() -> None:
    specs: list[ModelSpec] = [make(4) for make in MODELS.values()]
    specs += [make() for make in DENOISERS.values()]
    assert {spec.kind for spec in specs} == set(ARCHITECTURES)
    assert all(type(spec) is ARCHITECTURES[spec.kind].spec for spec in specs)


def test_the_table_names_every_preset_and_its_parameters(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main()
    lines = capsys.readouterr().out.splitlines()
    names = [line.split()[0] for line in lines if line]
    assert names == ["model", *MODELS, "denoiser", *DENOISERS]
    assert lines[1].split()[1:3] == ["4,813,215", "4,813,240"]
    assert lines[-2].split()[1:3] == ["6,895", "6,615,360"]
    assert lines[-1].split()[1:3] == ["190,241", "197,012,160"]


def test_a_seed_fixes_the_weights_and_leaves_the_global_generator_alone() -> None:
    spec = model_spec("tiny", 4)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    one, same, other = (build_model(spec, seed=seed).state_dict() for seed in (1, 1, 2))
    assert torch.equal(torch.rand(3), expected)
    assert all(torch.equal(one[key], same[key]) for key in one)
    assert not torch.equal(one["classifier.weight"], other["classifier.weight"])


def test_without_a_seed_the_weights_follow_the_global_generator() -> None:
    torch.manual_seed(1)
    drawn = build_model(model_spec("tiny", 4)).state_dict()
    seeded = build_model(model_spec("tiny", 4), seed=1).state_dict()
    assert all(torch.equal(drawn[key], seeded[key]) for key in drawn)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "transformer"}, "no model of kind 'transformer'; allowed: utime, lde"),
        ({"width": 3}, r"unknown \['width'\]"),
        ({"filters": 3}, "must be tuples"),
    ],
)
def test_a_dict_that_is_no_spec_is_refused(change: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        spec_from_dict(asdict(model_spec("tiny", 4)) | change)


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="no model 'huge'; allowed: reference, context"):
        model_spec("huge", 4)
    with pytest.raises(ValueError, match="no tap 'encoder9'; allowed"):
        receptive_field(model_spec("tiny", 4), "encoder9")
    with pytest.raises(ValueError, match="no denoiser 'tiny'; allowed: u-lde-net, u-lde-net-t"):
        denoiser_spec("tiny")
    with pytest.raises(ValueError, match=r"no tap 'dense'; allowed: .'encoder1'"):
        receptive_field(denoiser_spec("u-lde-net"), "dense")
