"""Prediction gives probabilities beside the targets and changes nothing."""

import torch

from kd_core.batch import Batch
from kd_core.models import MODELS, build_model
from kd_core.predict import predict
from tests.toy import ToyNet, toy_epoch


def test_probabilities_add_to_one_and_stand_beside_their_targets() -> None:
    batches = toy_epoch()
    found = list(predict(ToyNet(), batches, "student_view"))
    assert len(found) == len(batches)
    for (probabilities, target), batch in zip(found, batches, strict=True):
        assert probabilities.shape == (8, 3, 4)
        torch.testing.assert_close(probabilities.sum(1), torch.ones(8, 4))
        assert torch.equal(target, batch.target)


def test_a_network_in_training_is_asked_in_eval_mode_and_keeps_its_buffers() -> None:
    model = ToyNet().train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    first, second = (list(predict(model, toy_epoch(), "teacher_view")) for _ in range(2))
    assert all(torch.equal(a, b) for (a, _), (b, _) in zip(first, second, strict=True))
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_half_precision_windows_are_cast_to_the_models_type() -> None:
    batch = toy_epoch()[0]
    half = batch._replace(student_view=batch.student_view.half())
    ((probabilities, _),) = predict(ToyNet(), [half], "student_view")
    assert probabilities.dtype == torch.float32


def test_a_network_trained_on_segments_labels_every_second_when_asked() -> None:
    model = build_model(MODELS["tiny"](3), seed=0)
    x = torch.randn(2, 1, 4 * 6000, generator=torch.Generator().manual_seed(0))
    batch = Batch(x, x, torch.zeros(2, 4, dtype=torch.int64))
    for output_s, labels in ((None, 4), (20.0, 6), (1.0, 120)):
        ((probabilities, _),) = predict(model, [batch], "student_view", output_s=output_s)
        assert probabilities.shape == (2, 3, labels)
        assert torch.allclose(probabilities.sum(1), torch.ones(2, labels))
