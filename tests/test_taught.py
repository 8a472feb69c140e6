"""What a teacher said, kept by segment: the same outputs come back, to half precision."""

from pathlib import Path

import pytest
import torch

from kd_core.models import MODELS, build_model
from kd_core.objectives.attention import VARIANTS, attention_map, attention_transfer
from kd_core.taught import LIMIT, LOGITS, as_outputs, load_logits, said, save_logits
from tests.toy import ToyNet, toy_batch

TAPS = ("encoder1", "bottleneck")


def test_logits_and_maps_come_back_as_the_teacher_gives_them() -> None:
    teacher, batch = ToyNet(9).train(), toy_batch(1)
    segments = said(teacher, batch, TAPS, True, bf16=False)
    assert {name: value.dtype for name, value in segments.items()} == dict.fromkeys(
        (LOGITS, *TAPS), torch.float16
    )
    outputs, live = as_outputs(segments), teacher.eval()(batch.teacher_view, taps=TAPS)
    assert outputs.logits is not None
    assert torch.equal(outputs.logits, live.logits.half())
    for name in TAPS:
        assert outputs.taps[name].shape == (8, 1, live.taps[name].shape[-1])
        kept = attention_map(outputs.taps[name].float())
        torch.testing.assert_close(kept, attention_map(live.taps[name]), rtol=2e-3, atol=1e-6)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_distance_to_a_kept_map_is_the_one_to_the_teacher(variant: str) -> None:
    teacher, student, batch = ToyNet(9).eval(), ToyNet(3).eval(), toy_batch(1)
    kept = as_outputs(said(teacher, batch, TAPS, False, bf16=False)).taps
    with torch.no_grad():
        ours, live = student(batch.student_view, taps=TAPS), teacher(batch.teacher_view, taps=TAPS)
    known = {name: tap.float() for name, tap in kept.items()}
    distances = [attention_transfer(ours.taps, x, TAPS, variant) for x in (known, live.taps)]
    torch.testing.assert_close(*distances, rtol=1e-3, atol=1e-4)


def test_maps_too_strong_for_half_precision_keep_their_form() -> None:
    teacher, batch = ToyNet(9, norm=False).eval(), toy_batch(1)
    loud = batch._replace(teacher_view=1e4 * batch.teacher_view)
    strong = attention_map(teacher(loud.teacher_view, taps=TAPS).taps["bottleneck"])
    assert strong.max() > LIMIT
    kept = as_outputs(said(teacher, loud, TAPS, False, bf16=False)).taps["bottleneck"].float()
    torch.testing.assert_close(attention_map(kept), strong, rtol=2e-3, atol=1e-3)


def test_logits_beyond_half_precision_are_clipped() -> None:
    teacher, batch = ToyNet(9, norm=False), toy_batch(1)
    loud = batch._replace(teacher_view=1e9 * batch.teacher_view)
    logits = said(teacher, loud, (), True, bf16=False)[LOGITS]
    assert logits.abs().max() == LIMIT
    assert bool(logits.isfinite().all())


def test_a_teacher_is_asked_no_deeper_than_its_maps() -> None:
    teacher = ToyNet(9)
    assert set(said(teacher, toy_batch(1), ("encoder1",), False, bf16=False)) == {"encoder1"}
    assert teacher.deepest == "encoder1"


def test_in_bfloat16_a_teacher_says_what_it_says_live_in_bfloat16() -> None:
    teacher = build_model(MODELS["tiny"](3), seed=0).eval()
    x = torch.randn(2, 1, 12000, generator=torch.Generator().manual_seed(0))
    batch = toy_batch(1)._replace(teacher_view=x, target=torch.zeros(2, 2, dtype=torch.int64))
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        live = teacher(x).logits.half()
    found = as_outputs(said(teacher, batch, (), True, bf16=True)).logits
    assert found is not None
    assert torch.equal(found, live)
    full = as_outputs(said(teacher, batch, (), True, bf16=False)).logits
    assert full is not None
    assert not torch.equal(found, full)


def test_logits_of_all_subjects_lie_in_one_file(tmp_path: Path) -> None:
    logits = {"01-01-0001": torch.randn(5, 3).half(), "01-01-0002": torch.randn(3, 5).half().T}
    save_logits(tmp_path, logits)
    found = load_logits(tmp_path)
    assert set(found) == set(logits)
    assert all(torch.equal(found[name], values) for name, values in logits.items())


def test_a_teacher_without_logits_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"logits.safetensors cannot be read.*train it again"):
        load_logits(tmp_path)
    (tmp_path / "logits.safetensors").write_bytes(b"cut")
    with pytest.raises(ValueError, match=r"logits.safetensors cannot be read"):
        load_logits(tmp_path)
