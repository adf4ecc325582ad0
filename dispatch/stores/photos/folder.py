"""A folder of a laptop as one of Django's storages."""

from pathlib import Path
from typing import Any

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage

from dispatch.stores import atomic


class WholeFilesStorage(FileSystemStorage):
    """As Django's, but a file is there whole or not at all, and may be written again.

    `must_exist`: the folder itself is never made; one that is not mounted would be lost.
    """

    def __init__(self, location: str, *, must_exist: bool) -> None:
        super().__init__(location=location, allow_overwrite=True)
        self._must_exist = must_exist

    def _save(self, name: str, content: "File[Any]") -> str:
        if self._must_exist and not Path(self.location).is_dir():
            raise FileNotFoundError(2, "there is no such folder", self.location)
        path = Path(self.path(name))
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        atomic.replace(path, content.read(), mode=0o600, sync=True)
        return name
