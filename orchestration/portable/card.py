"""README.md of an exported model: a card in the Hugging Face layout, YAML first and then words.

What the folder says of itself is data: text from outside is escaped, for Markdown and HTML.
"""

from collections.abc import Mapping

from orchestration.portable.front import METRICS, front_matter
from orchestration.portable.words import FLOOR, agreement_words, floor_words, plain, table
from orchestration.staging.spec import StagingSpec

PAPER = "https://arxiv.org/abs/2112.07252"
TITLE = (
    "A Deep Knowledge Distillation framework for EEG assisted enhancement of single-lead ECG "
    "based sleep staging"
)
TAUGHT = {  # method -> how it was distilled
    "": "Nothing is known of how it was trained: the checkpoint came without a spec.json.",
    "ECG baseline": "It was not distilled: it was trained on ECG and labels alone.",
    "SD+CL": "A teacher that sees the EEG taught it its softened class probabilities (SD), beside "
    "the labels (CL).",
    "AT+CL": "First it learned to attend to what a teacher that sees the EEG attends to (AT), "
    "then the labels (CL).",
    "AT+SD+CL": "First it learned to attend to what a teacher that sees the EEG attends to (AT), "
    "then the teacher's softened class probabilities (SD), beside the labels (CL).",
}
SCALED = {
    "night": "by the night's own median and interquartile range: median 0, range 1",
    "segment": "every segment to [0, 1] by its own minimum and maximum",
    "none": "not at all, in millivolts",
}


def model_card(spec: StagingSpec) -> str:
    """The card of a model, out of its config.json."""
    parts = [front_matter(spec), _head(spec), _use(spec), _limits(spec)]
    parts += [_preprocessing(spec), _training(spec), _scores(spec), _agreement(spec), _paper()]
    return "\n\n".join(parts) + "\n"


def _head(spec: StagingSpec) -> str:
    classes = ", ".join(map(plain, spec.classes))
    return (
        f"# {plain(spec.name)}\n\nNames sleep stages ({classes}) from one ECG lead, for every "
        "30 s or any stretch down to a second.\n\n**Not a medical device.** It is for research: "
        "nobody may be diagnosed, treated or reassured by what it says."
    )


def _use(spec: StagingSpec) -> str:
    files = [[f"`{name}`", f"`{runtime}`"] for runtime, name in spec.files.items()]
    given, typed = (', denoiser="DENOISER"', " --denoise DENOISER") if spec.denoiser else ("", "")
    return (
        "## Use\n\n```python\nfrom orchestration.staging.stager import load\n\n"
        f'stager = load("DIR"{given})  # this folder\nnight = stager.stage("NIGHT.edf")\n'
        "night.to_pandas()\n```\n\nOr: `python -m orchestration.stage NIGHT.edf --model DIR"
        f"{typed} --out DIR`. Every file takes `samples` (nights, 1, T * "
        f"{spec.segment_samples}) float32 and gives logits a second, (nights, "
        f"{len(spec.classes)}, T * {spec.segment_s:g}); their mean over a stretch is "
        "the logits of that stretch.\n\n"
        + table([["file", "runtime"], *files])
        + "\n\n`sha256sum -c SHA256SUMS` tells whether a file was changed. Opening `model.pt2` "
        "can run code of who wrote it; the other files cannot."
    )


def _limits(spec: StagingSpec) -> str:
    return (
        "## Intended use and limits\n\n"
        "For research on adults' sleep from an ECG: what a night looks like, where recordings "
        "differ.\n\n"
        "- It says what people like those it was trained on would show. Arrhythmia, pacemakers, "
        "drugs that act on the heart, apnoea, children and shift workers may mislead it.\n"
        "- The heart tells stages less well than the brain does; single labels are often wrong. "
        "See the scores, and the floor beside them.\n"
        "- Probabilities are not calibrated.\n"
        f"- Each second of its answer depends on {spec.before_samples / spec.hz:g} s before it "
        f"and {spec.after_samples / spec.hz:g} s behind it; less is known at both ends of a night."
    )


def _preprocessing(spec: StagingSpec) -> str:
    clipped = f", clipped to ±{spec.limit:g}" if spec.limit else ""
    return (
        "## Preprocessing\n\n"
        f"{_denoised(spec)}One ECG lead in mV, R peaks upwards, resampled to {spec.hz} Hz; "
        f"missing samples take the night's median. Scaled {SCALED[spec.scaling]}{clipped}. Then a "
        f"whole number of segments of {spec.segment_s:g} s, the whole night at once."
    )


def _denoised(spec: StagingSpec) -> str:
    if not spec.denoiser:
        return ""
    told = plain("{name} ({digest})".format(**spec.denoiser))
    return f"**The ECG goes through the denoiser {told} first, as in training.** "


def _training(spec: StagingSpec) -> str:
    origin = spec.origin
    method = str(origin.get("method", ""))
    subjects = origin.get("subjects", {})
    told = [
        ["recordings", origin.get("trained_on") or "not told here; ask who exported it"],
        ["training-data key", origin.get("data") or "unknown"],
        ["key of the windows", origin.get("windows") or "unknown"],
        ["subjects", ", ".join(f"{count} {part}" for part, count in subjects.items() if count)],
        ["phase", f"{origin.get('label', '')} {origin.get('phase', '')}".strip() or "unknown"],
        ["segments a window", origin.get("segments") or "unknown"],
        ["network", origin.get("model", "unknown")],
        *([name, value] for name, value in origin.get("parameters", {}).items()),
    ]
    rows = [[plain(name), plain(value)] for name, value in told if value != ""]
    return f"## Training\n\n{TAUGHT.get(method, plain(method))}\n\n" + table([["", ""], *rows])


def _scores(spec: StagingSpec) -> str:
    scores: Mapping[str, Mapping[str, float]] = spec.origin.get("scores", {})
    if not scores:
        return "## Scores\n\nNone came with the checkpoint: nothing is known of how well it does."
    names = [n for n in dict.fromkeys(n for s in scores.values() for n in s) if _shown(n)]
    rows = [
        [plain(part), *(f"{s[name]:.3f}" if name in s else "" for name in names)]
        for part, s in scores.items()
    ]
    head = [["subjects", *(plain(_title(name)) for name in names)]]
    return f"## Scores\n\n{table(head + rows)}\n\n{floor_words(scores)}"


def _shown(name: str) -> bool:
    return name in METRICS or name == FLOOR or name.startswith("f1_")


def _title(name: str) -> str:
    return "accuracy floor" if name == FLOOR else name.replace("_", " ")


def _agreement(spec: StagingSpec) -> str:
    return "## Agreement of the files\n\n" + "\n".join(f"- {w}" for w in agreement_words(spec))


def _paper() -> str:
    return (
        "## Paper\n\n"
        f"The method is that of Joshi et al., [{TITLE}]({PAPER}), with the paper's equations "
        "corrected.\n\n```bibtex\n@article{joshi2021,\n"
        f"  title={{{TITLE}}},\n"
        "  author={Joshi, Vaibhav and Vijayarangan, Sricharan and Preejith, S. P. and "
        "Sivaprakasam, Mohanasankar},\n"
        "  journal={arXiv:2112.07252},\n  year={2021}\n}\n```"
    )
