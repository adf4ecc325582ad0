"""Static files under names that change with their content, as Django's manifest storage names
them: the same file has the same name in every release and in the image."""

from collections.abc import Mapping
from hashlib import md5
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.core.files.storage import FileSystemStorage


class MissingStatic(Exception):
    """A static file refers to another that is not there."""


class _Hashing(ManifestStaticFilesStorage):
    support_js_module_import_aggregation = True


def hashed_static(files: Mapping[str, bytes]) -> tuple[dict[str, str], dict[str, bytes]]:
    """(name → hashed name, hashed name → content with the references in it hashed too)."""
    with TemporaryDirectory() as folder:
        for name, body in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
        storage = _Hashing(location=folder, manifest_storage=FileSystemStorage(folder))
        names: dict[str, str] = {}
        for name, hashed, processed in storage.post_process({n: (storage, n) for n in files}):
            if isinstance(processed, Exception):
                raise MissingStatic(f"static/{name}: {processed}") from processed
            names[name] = str(hashed)
        contents = {hashed: Path(folder, hashed).read_bytes() for hashed in names.values()}
    return names, contents


def names_its_content(hashed: str, body: bytes) -> bool:
    """Whether the hash in a static file's name is its content's: then nothing can replace it."""
    digest = md5(body, usedforsecurity=False).hexdigest()[:12]
    return PurePosixPath(hashed).stem.rpartition(".")[2] == digest
