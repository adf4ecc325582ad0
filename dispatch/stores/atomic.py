"""Files that are replaced in one step, whoever is killed and whatever disk is full."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


def replace(path: Path, body: bytes, *, mode: int, sync: bool = False) -> None:
    """`path` holds `body`, in one step; `sync`: safely on the disk before. Raises OSError."""
    descriptor, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(body)
            if sync:
                file.flush()
                os.fsync(descriptor)
        os.replace(part, path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise


def left_behind(path: Path) -> Iterator[Path]:
    """By writers of `path` that were killed, or are at it just now."""
    return path.parent.glob(f".{path.name}.*")
