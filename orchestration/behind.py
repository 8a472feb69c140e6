"""Nights behind a denoiser: a network that is to stand behind one learns from what it gives.

    windows/<key of both>/<subject>.parquet, and behind.json: of which nights, by which denoiser

The scored ECG goes through it as the continuous signal that its segments were cut from, each
stretch without a gap by itself; EEG and stages stay as they are.
"""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from datasets.parquet import read_night, read_subject, write_night
from orchestration.denoising.stress_fronts import Front, front_of
from orchestration.denoising.stress_night import track_of
from orchestration.each import each_on_ray
from orchestration.formats import as_json, from_json
from orchestration.ingest import Ingest, found, library_versions, line_of, night_there, refused
from orchestration.keys import key_of
from orchestration.nights import HASH_DIGITS, opened_night
from orchestration.staging.denoiser import DenoisedBy, load_denoiser
from orchestration.store import Store

FORMAT = 1  # raise it when nights are denoised otherwise, so that all are made again


def denoised(nights: Ingest, folder: Path, store: Store) -> Ingest:
    """Have every night in the store behind an exported denoiser too, a Ray task for each.

    Raises:
        ValueError: the folder holds no denoiser, or it can denoise none of the nights.
    """
    by, front = load_denoiser(folder).told, front_of(str(folder))
    windows = denoised_key(nights.windows, by)
    store.files.write(_path(windows), as_json({"recorded": nights.windows, **by._asdict()}))
    used = [row for row in nights.rows if row["status"] != "refused"]
    rows = list(nights.refused)
    same = {"front": front, "by": by, "recorded": nights.windows, "windows": windows}
    for row in each_on_ray(used, denoise_night, **same, root=store.root):
        rows.append(row)
        done = len(rows) - len(nights.refused)
        print(f"  denoised {done}/{len(used)}: {line_of(row)}", flush=True)
    return found(windows, rows, store, by)


def denoised_key(recorded: str, by: DenoisedBy) -> str:
    """The name of the folder that holds what a denoiser made of a folder's nights."""
    return key_of({"windows": recorded, "denoiser": by.digest, "format": FORMAT})


def recorded_windows(store: Store, windows: str) -> str:
    """Key of the nights as they were recorded; their own where no denoiser was in front."""
    try:
        content = store.files.read(_path(windows))
    except FileNotFoundError:
        return windows
    return str(from_json(content, f"{store.root}/{_path(windows)}")["recorded"])


def denoise_night(
    row: dict[str, Any], front: Front, by: DenoisedBy, recorded: str, windows: str, root: str
) -> dict[str, Any]:
    """Write one night behind a denoiser; its manifest row."""
    store, name = Store(root), str(row["subject"])
    source_hash = json.loads(row["footer"])["source_hash"]
    path = f"windows/{windows}/{name}.parquet"
    there = night_there(path, store)
    kept = there is not None and there.source_hash == source_hash
    if not kept:
        with opened_night(store, recorded, name, source_hash[:HASH_DIGITS]) as local:
            night = read_night(local)
        track = track_of(night)
        try:
            with front.opened() as denoise:
                ecg = track.rows(track.through(denoise, track.samples))
        except ValueError as error:
            return refused(row, error)
        channel = f"{night.ecg_channel}, denoised by {by.name} ({by.digest})"
        night = replace(night, ecg=ecg, ecg_channel=channel)
        with store.files.writing(path) as local:
            write_night(local, night, source_hash, library_versions())
            there = read_subject(local)
    assert there is not None
    status = {"status": "kept" if kept else "written", "ecg": there.ecg_channel}
    return row | status | {"footer": json.dumps(asdict(there))}


def _path(windows: str) -> str:
    return f"windows/{windows}/behind.json"
