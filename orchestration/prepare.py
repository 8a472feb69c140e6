"""Recordings -> one Parquet file a night, sharded over the cluster; only what is missing is done.

python -m orchestration.prepare --recordings DIR --storage DIR
"""

from datasets.sources import SOURCES
from orchestration.cli import RECORDINGS, STORAGE, folder, parser, place, run
from orchestration.plan import Runtime


def main() -> None:
    """Ingest a folder of recordings and print what became of it."""
    words = parser("prepare", __doc__)
    words.add_argument("--recordings", help=f"folder of recordings (or ${RECORDINGS})")
    words.add_argument("--source", default="mass", choices=sorted(SOURCES), help="the dataset")
    given = words.parse_args()
    recordings = folder(given.recordings, "--recordings", RECORDINGS)
    storage = place(given.storage, "--storage", STORAGE)

    from orchestration.cluster import connect  # Ray takes a second to import
    from orchestration.ingest import ingest
    from orchestration.store import Store

    refs = SOURCES[given.source].find(recordings)
    store = Store.open(storage)
    connect(Runtime(dashboard=False))
    print(ingest(refs, store).summary())


if __name__ == "__main__":
    run(main)
