"""All that the report on a sweep of denoisers shows, out of the store."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from datasets.clean_ecg import CleanEcg, joined
from datasets.clean_quality import segments_of
from datasets.clean_records import CLEAN_HZ
from datasets.noise import KINDS, NoiseParts, split_noise
from kd_core import checkpoint
from orchestration.chosen import BEST
from orchestration.denoising.classical import CLASSICAL, Denoiser
from orchestration.denoising.clean import clean_of
from orchestration.denoising.data_used import DataUsed, EcgPart
from orchestration.denoising.experiment import DenoisingSweep
from orchestration.denoising.heard import hear_all
from orchestration.denoising.looked_at import at_fixed_snrs, looked_at
from orchestration.denoising.main_job import Trained
from orchestration.denoising.material import Material
from orchestration.denoising.networks import network_denoiser
from orchestration.denoising.plan import HEARD
from orchestration.denoising.rows_of import rows_of
from orchestration.denoising.stored import open_leads, open_noise
from orchestration.denoising.stress_points import StagedUnderNoise
from orchestration.denoising.table import DISTILLED
from orchestration.epochs import epochs_of
from orchestration.experiment import phases_of
from orchestration.store import Store


def material_of(
    sweep: DenoisingSweep,
    scheme: str,
    trained: Sequence[Trained],
    store: Store,
    reproduce: str,
    staged: Sequence[StagedUnderNoise] = (),
    made: str = "",
) -> Material:
    """Everything of one scheme; strips, spectra and fixed SNRs are of the first fold's patients.

    Args:
        reproduce: the command that makes it again.
        staged: what stagers score under noise, from stress tests.
    """
    own = [row for row in trained if row.scheme == scheme and not row.failed]
    shown = shown_row(own)
    groups, fold, plan = HEARD[scheme], sweep.folds[0], sweep.plan
    noise = split_noise(open_noise(store, sweep.noise), fold.index)
    found = open_leads(store, sweep.windows, sweep.digests(fold.test))
    leads = [lead for patient in found.values() for lead in patient]
    clean = clean_of(leads, plan.most_outside, plan.band_limited)
    if not len(clean):
        raise ValueError(
            f"no segment of the test patients {sorted(fold.test)} has at most {plan.most_outside} "
            "of its power outside the heart's band. Raise --most-outside, or add cleaner records."
        )
    networks = {row.name: _network(row, store) for row in own}
    strips, spectra = looked_at(clean, noise.test, groups, shown.name, networks[shown.name])
    marked = {p.name: p.digest for p in sweep.patients if p.annotated}
    heard, heard_clean = hear_all(
        sweep.over_folds(scheme, shown.point), marked, plan.runtime, store
    )
    return Material(
        rows=rows_of(sweep, scheme, trained, store),
        data=data_used(sweep, noise, store),
        reproduce=reproduce,
        strips=strips,
        spectra=spectra,
        curves=at_fixed_snrs(clean, noise.test, groups, {**CLASSICAL, **networks}),
        heard={shown.name: heard},
        heard_clean=heard_clean,
        staged=staged,
        phases=_courses(sweep, own, store),
        made=made,
    )


def shown_row(rows: Sequence[Trained]) -> Trained:
    """The row that is looked at closely: the best found, else the distilled one, else the last.

    Raises ValueError where no network could be trained.
    """
    named = {row.name: row for row in rows}
    if not rows:
        raise ValueError("No network could be trained; the reasons are printed above.")
    return named.get(BEST) or named.get(DISTILLED) or rows[-1]


def data_used(sweep: DenoisingSweep, noise: NoiseParts, store: Store) -> DataUsed:
    """What was trained and tested on, counted on the stored segments themselves."""
    most = sweep.plan.most_outside
    names = [patient.name for patient in sweep.patients]
    found = open_leads(store, sweep.windows, sweep.digests(names))
    ecg = joined([_names(segments_of(leads, most)) for leads in found.values()])
    tested = [name for fold in sweep.folds for name in fold.test]
    unreadable = {k: v for patient in sweep.patients for k, v in patient.unreadable.items()}
    fold = sweep.folds[0]
    return DataUsed(
        training=_part(ecg, fold.train),
        validation=_part(ecg, fold.validation),
        test=_part(ecg, tested),
        noise_s=_seconds(noise),
        folds=len(sweep.folds),
        band_limited=sweep.plan.band_limited,
        left_out=Counter(ecg.left_out),
        unreadable=unreadable,
    )


def _names(ecg: CleanEcg) -> CleanEcg:
    """The same segments without their samples, of which a whole cohort has much."""
    return CleanEcg(
        np.empty((len(ecg), 0), np.float32),
        ecg.patient,
        ecg.record,
        ecg.lead,
        ecg.start_s,
        ecg.beats,
        ecg.left_out,
    )


def _part(ecg: CleanEcg, patients: Sequence[str]) -> EcgPart:
    own = ecg.of(patients)
    return EcgPart.of(own.patient, own.record)


def _seconds(noise: NoiseParts) -> tuple[float, float, float]:
    kind = next(iter(KINDS))
    train, validation, test = (part.signals[kind].shape[1] / CLEAN_HZ for part in noise)
    return train, validation, test


def _network(row: Trained, store: Store) -> Denoiser:
    """Of the first fold."""
    with store.phase(row.keys[0]) as folder:
        return network_denoiser(checkpoint.load(folder).model)


def _courses(
    sweep: DenoisingSweep, rows: Sequence[Trained], store: Store
) -> Mapping[str, list[dict[str, float]]]:
    """How the networks of the first fold learned, by the name of the row."""
    courses = {}
    for row in rows:
        first = sweep.over_folds(row.scheme, row.point)[0]
        epochs = epochs_of(phases_of(first)[-1].key, store)
        courses[row.name] = [
            {"epoch": float(e.epoch)} | {_column(name): v for name, v in e.values.items()}
            for e in epochs
        ]
    return courses


def _column(name: str) -> str:
    """As curve.csv calls it."""
    return name.removeprefix("train/").replace("validation/", "validation_")
