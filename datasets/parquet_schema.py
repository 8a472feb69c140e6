"""What the footer of a Parquet file says, or why it cannot be read."""

from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

AGAIN = "Remove it and run the same command again."


def read_schema(file: Path | BinaryIO, remedy: str = AGAIN) -> pa.Schema:
    """The columns and metadata of a file.

    Args:
        remedy: what to do about a damaged file, in a sentence.

    Raises:
        ValueError: it is damaged, or no Parquet file.
    """
    try:
        return pq.read_schema(file)
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk or the network; pyarrow's own have no number
        path = file if isinstance(file, Path) else getattr(file, "name", "the file")
        why = " ".join(str(error).split())
        raise ValueError(f"{path} is no Parquet file ({why}). {remedy}") from None
