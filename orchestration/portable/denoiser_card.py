"""README.md of an exported denoiser; what comes from outside is escaped."""

from collections.abc import Mapping

from orchestration.portable.words import ROUNDING, plain, table
from orchestration.staging.denoiser_spec import DenoiserSpec

MOST_SCORES = 60  # rows of a table that somebody reads


def denoiser_card(spec: DenoiserSpec) -> str:
    """The card, out of the folder's config.json."""
    parts = [_head(spec), _use(spec), _limits(spec), _training(spec), _scores(spec)]
    return "\n\n".join([*parts, _agreement(spec), _paper()]) + "\n"


def agreement_words(spec: DenoiserSpec) -> list[str]:
    """How far the file's samples are from those of torch, in sentences."""
    found: Mapping[str, float] = spec.origin.get("agreement", {})
    told = {"onnx": "onnx: samples within {:.1e} of torch's", ROUNDING: "torch itself: {:.1e}"}
    return [words.format(found[name]) for name, words in told.items() if name in found]


def _head(spec: DenoiserSpec) -> str:
    return (
        "---\nlibrary_name: ecg-sleep-distillation\ntags:\n- ecg\n- denoising\n- onnx\n"
        "- knowledge-distillation\n---\n\n"
        f"# {plain(spec.name)}\n\nTakes muscle noise, electrode motion and a wandering baseline "
        f"out of one ECG lead: {spec.parameters:,} parameters, {spec.macs:,} multiply-accumulates "
        f"for {spec.segment_samples / spec.hz:g} s.\n\n**Not a medical device.** It is for "
        "research: what it gives is a guess at the ECG, and may hold waves that no heart made."
    )


def _use(spec: DenoiserSpec) -> str:
    return (
        "## Use\n\n```python\nfrom orchestration.staging.denoiser import load_denoiser\n\n"
        'denoiser = load_denoiser("DIR")  # this folder\nclean = denoiser.whole(samples, hz)\n'
        "live = denoiser.live(hz)  # live.push(samples), live.end()\n```\n\n"
        "Before staging: `python -m orchestration.stage NIGHT.edf --model MODEL --denoise DIR "
        "--out OUT`.\n\n"
        f"`{plain(spec.file)}` takes `samples` (B, 1, N) float32 at {spec.hz} Hz, N a multiple of "
        f"{spec.stride}, and gives as many denoised ones, named `logits`. A sample depends on "
        f"{spec.halo} before it and {spec.halo} behind it at the most "
        f"({spec.halo / spec.hz:.2f} s). Samples are scaled so that the clean ECG has mean 0 and "
        "spans 2 from lowest to highest in 10 s; the scale is estimated from the noisy recording "
        "(`orchestration/staging/ecg_scale.py`). `sha256sum -c SHA256SUMS` tells whether a file "
        "was changed."
    )


def _limits(spec: DenoiserSpec) -> str:
    return (
        "## Limits\n\n"
        "- Where noise hides the heart, what it gives looks like an ECG and is none. Judge the "
        "quality of a recording as it was recorded.\n"
        f"- What lies above {0.45 * spec.hz:g} Hz is lost; waves that look like the noise it was "
        "trained on are taken for noise.\n"
        "- Amplitudes and ST segments must not be measured in what it gives."
    )


def _training(spec: DenoiserSpec) -> str:
    origin, turn = spec.origin, spec.origin.get("noise_turn")
    told = [
        ["trained on", origin.get("trained_on") or "not told here; ask who exported it"],
        ["training-data key", origin.get("data") or "unknown"],
        ["turn of the noise", "unknown" if turn is None else turn],
        ["network", origin.get("model") or "unknown"],
        ["phase", origin.get("phase") or "unknown"],
        *([name, value] for name, value in origin.get("parameters", {}).items()),
        *([name, value] for name, value in origin.get("versions", {}).items()),
    ]
    return "## Training\n\n" + table([["", ""], *([plain(a), plain(b)] for a, b in told)])


def _scores(spec: DenoiserSpec) -> str:
    scores: Mapping[str, float] = spec.origin.get("scores", {})
    if not scores:
        return "## Scores\n\nNone came with the checkpoint: nothing is known of how well it does."
    rows = [[plain(name), f"{value:.4g}"] for name, value in list(scores.items())[:MOST_SCORES]]
    told = (
        "Of validation patients, as the phase left them: `score` is the mean rise of the SNR in "
        "dB, `mse` the mean squared error at the scale of training. They chose this network, and "
        "of several folds the best; how it does on others is in the report of its sweep."
    )
    return f"## Scores\n\n{told}\n\n" + table([["score", "value"], *rows])


def _agreement(spec: DenoiserSpec) -> str:
    return "## Agreement of the files\n\n" + "\n".join(f"- {w}" for w in agreement_words(spec))


def _paper() -> str:
    return (
        '## Paper\n\n"A lightweight U-net for ECG denoising using knowledge distillation", '
        "Physiological Measurement 43(11) 115004, 2022, tells in its abstract what the network "
        "is made of (grouped and conventional convolutions, strided depthwise compression, "
        "identity connections, local maxima and minima), its 6.9 K parameters and 6.6 M "
        "operations. Its text is not public: all beyond that abstract, every size, the training, "
        "the scaling and the distillation, is this project's own and may differ from theirs."
    )
