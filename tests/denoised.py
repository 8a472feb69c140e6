"""A report on denoisers made of dice: two patients' beats, noise that is no noise of anybody."""

import math

import numpy as np

from datasets.clean_ecg import CleanEcg
from orchestration.denoising.beats import Detection, Heard
from orchestration.denoising.data_used import DataUsed, EcgPart
from orchestration.denoising.figures_snr import OutAt
from orchestration.denoising.figures_spectra import spectra_of
from orchestration.denoising.figures_strips import Strip, strip_of
from orchestration.denoising.material import Material
from orchestration.denoising.measures import gains, measured
from orchestration.denoising.stress_fronts import BARE
from orchestration.denoising.stress_points import StagedAt, StagedUnderNoise, Way
from orchestration.denoising.table import DenoiserRow, Scored
from orchestration.evidence.intervals import Interval

GROUPS = ("group 1", "group 2", "group 3")
LEFT = {  # row -> the share of the noise that it leaves
    "band-pass": 0.7,
    "denoiser teacher": 0.25,
    "denoiser": 0.34,
    "denoiser + KD": 0.3,
}
SEGMENTS, PATIENTS = 24, 6
SNRS_DB = (-6.0, 0.0, 6.0, 12.0, 18.0)


def clean_ecg(n: int = SEGMENTS) -> CleanEcg:
    """Segments of 3600 samples with a beat each 300."""
    beat = np.exp(-((np.arange(300) - 150) ** 2) / 50)
    samples = np.tile(np.tile(beat, 12) * 2 - 0.1, (n, 1)).astype(np.float32)
    patient = np.array([f"mitdb/{100 + k * PATIENTS // n}" for k in range(n)])
    record = np.array([name.split("/")[1] for name in patient.tolist()])
    beats = tuple(np.arange(150, 3600, 300) for _ in range(n))
    return CleanEcg(samples, patient, record, np.full(n, "MLII"), 10.0 * np.arange(n), beats)


def noise_of(group: str, shape: tuple[int, int]) -> np.ndarray:
    """Different in every segment and group."""
    rng = np.random.default_rng(GROUPS.index(group))
    size = 0.2 + 0.1 * GROUPS.index(group) + 0.2 * rng.random((shape[0], 1))
    return np.asarray(size * rng.standard_normal(shape))


def of_group(group: str, left: float, ecg: CleanEcg | None = None, seed: int = 5) -> Scored:
    """A denoiser that leaves a share of the noise, more or less of it in each segment."""
    ecg = ecg or clean_ecg()
    noise = noise_of(group, ecg.samples.shape)
    less = left * (1 + 0.1 * np.random.default_rng(seed).standard_normal((len(ecg), 1)))
    return Scored(
        before=measured(ecg.samples, ecg.samples + noise),
        after=measured(ecg.samples, ecg.samples + less * noise),
        patient=ecg.patient,
        record=ecg.record,
    )


def rows(names: tuple[str, ...] = tuple(LEFT)) -> list[DenoiserRow]:
    """A filter and three networks."""
    sizes = {"denoiser teacher": (190_241, 197_000_000), "band-pass": (None, None)}
    return [
        DenoiserRow(
            name=name,
            groups={group: of_group(group, LEFT[name], seed=len(name)) for group in GROUPS},
            parameters=sizes.get(name, (6_895, 6_615_360))[0],
            macs=sizes.get(name, (6_895, 6_615_360))[1],
            ms=1.23,
            point="alpha 0.3" if name == "denoiser + KD" else "",
        )
        for name in names
    ]


def strip(annotated: bool = True) -> Strip:
    """The first segment under group 2."""
    ecg = clean_ecg()
    noisy = ecg.samples[0] + noise_of("group 2", ecg.samples.shape)[0]
    denoised = 0.7 * ecg.samples[0] + 0.3 * noisy
    found = (np.array([150, 152, 600, 1350]), np.arange(150, 3600, 300))
    shown = ecg if annotated else CleanEcg(*ecg_without_beats(ecg))
    gain = float(gains(*(measured(ecg.samples[:1], x[None]) for x in (noisy, denoised)))["SNR"][0])
    return strip_of(
        "group 2", "denoiser + KD", shown, 0, ecg.samples[0], noisy, denoised, gain, found
    )


def ecg_without_beats(
    ecg: CleanEcg,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, tuple[None, ...]]:
    """The fields of the same segments, of which nobody annotated a beat."""
    return ecg.samples, ecg.patient, ecg.record, ecg.lead, ecg.start_s, (None,) * len(ecg)


def heard() -> list[Heard]:
    """More beats are found the less noise there is, and after denoising."""
    return [
        Heard(
            f"mitdb/{100 + k}",
            f"{100 + k}",
            group,
            snr_db,
            Detection(1000 - lost, lost, 2 * lost + k),
            Detection(1000 - lost // 3, lost // 3, lost + k),
        )
        for group in GROUPS
        for k in range(4)
        for snr_db in SNRS_DB
        for lost in [int((18 - snr_db) * (8 + 2 * k))]
    ]


def curves() -> list[OutAt]:
    """Every row gains less the cleaner the ECG is."""
    return [
        OutAt(name, group, snr_db, Interval(out, out - 0.6, out + 0.5))
        for name, left in LEFT.items()
        for group in GROUPS
        for snr_db in SNRS_DB
        for out in [snr_db - 20 * math.log10(left) * (1 - (snr_db + 6) / 30)]
    ]


def staged(denoiser: str = "u-lde-net", scheme: str = "W-N-R") -> StagedUnderNoise:
    """Agreement that falls with the noise, later for networks that learned behind a denoiser."""
    bare, front = BARE.name, denoiser
    ways = [Way(learned, now) for learned in (bare, front) for now in (bare, front)]
    found = [
        StagedAt(way, group, snr_db, metric, value, value - 0.06, value + 0.05)
        for metric, best in (("weighted_f1", 0.72), ("kappa", 0.52))
        for group in GROUPS
        for snr_db in (*SNRS_DB, math.inf)
        for number, way in enumerate(ways)
        for value in [best / (1 + math.exp(-(min(snr_db, 30) + 2 * number) / 4))]
    ]
    return StagedUnderNoise(
        scheme=scheme, row="SD+CL", found=found, floors={"weighted_f1": 0.49, "kappa": 0.0}
    )


def epochs(n: int = 12, distilled: bool = True) -> list[dict[str, float]]:
    """Rows of a curve.csv."""
    lines = []
    for epoch in range(1, n + 1):
        terms = {"mse": 0.01 + 0.05 / epoch}
        if distilled:
            terms |= {"kd": 0.004 + 0.04 / epoch, "at": 0.3 / epoch}
        terms["loss"] = sum(terms.values())
        checked = 1.1 * terms["mse"]
        validation = {"validation_mse": checked, "validation_loss": checked}
        lines.append({"epoch": float(epoch), "seconds": 1.0, **terms, **validation})
    return lines


def data() -> DataUsed:
    """Of the segments above, and of parts that are not there."""
    ecg = clean_ecg()
    part = EcgPart(records={"mitdb": 9, "cpsc2018": 400}, patients=408, segments=12_345)
    return DataUsed(
        training=part,
        validation=part,
        test=EcgPart.of(ecg.patient, ecg.record),
        noise_s=(1080.0, 350.0, 350.0),
        left_out={"flat": 3, "saturated": 0, "marked as noisy": 41},
    )


def material() -> Material:
    """A report with every part."""
    ecg = clean_ecg()
    spectra = [
        spectra_of(
            group,
            "denoiser + KD",
            ecg.samples,
            ecg.samples + noise_of(group, ecg.samples.shape),
            ecg.samples + 0.3 * noise_of(group, ecg.samples.shape),
        )
        for group in GROUPS
    ]
    return Material(
        rows=rows(),
        data=data(),
        reproduce="python -m orchestration.denoise --clean DIR --noise DIR --out DIR",
        strips=[strip()],
        spectra=spectra,
        curves=curves(),
        heard={"denoiser + KD": heard()},
        heard_clean=Detection(3990, 10, 12),
        staged=[staged()],
        phases={"denoiser teacher": epochs(distilled=False), "denoiser + KD": epochs()},
        made="numpy 2",
    )
