"""Tensors in, trained networks out: models, objectives, metrics, fitting, checkpoints."""
