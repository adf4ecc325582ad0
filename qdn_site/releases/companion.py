"""The follower beside gunicorn: started, kept and stopped by its master's hooks.

Imports neither Django nor settings: the master of a server without preload stays small.
"""

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
FIRST_LOOK = 10.0  # seconds that the first workers wait, so as not to start with older pages
EVERY = 2.0  # seconds between two looks whether it is still there

_follower: subprocess.Popen[bytes] | None = None
_over = threading.Event()
# No worker is forked while a follower is started: it would keep the pipe open on which
# subprocess waits for the new process.
_starting = threading.Lock()
os.register_at_fork(
    before=_starting.acquire,
    after_in_parent=_starting.release,
    after_in_child=_starting.release,
)


def start(server: Any) -> None:
    """gunicorn's `when_ready`: the door is open, the first workers not yet there."""
    if not os.environ.get("QDN_RELEASES_URL", "").strip():
        return
    looked, tell = os.pipe()
    try:
        _start("--ready-fd", str(tell), pass_fds=(tell,))
    finally:
        os.close(tell)
    select.select([looked], [], [], FIRST_LOOK)  # it says so, or ends
    os.close(looked)
    threading.Thread(target=_keep, args=(server.log,), daemon=True).start()


def _keep(log: Any) -> None:
    """One that was killed comes back. A thread: no hook of gunicorn's comes round by itself."""
    while not _over.wait(EVERY):
        if not _is_running():
            log.warning("The follower of releases has gone; starting another.")
            try:
                _start()
            except OSError as error:  # no memory, no processes: it is tried again
                log.error("The follower of releases cannot be started: %s", error)


def stop(server: Any) -> None:
    """gunicorn's `on_exit`."""
    _over.set()
    if _follower is None or not _is_running():
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(_follower.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        _follower.wait(timeout=5)


def _start(*arguments: str, pass_fds: tuple[int, ...] = ()) -> None:
    global _follower
    master = ("--master", str(os.getpid()))
    command = [sys.executable, str(ROOT / "manage.py"), "follow", *master, *arguments]
    with _starting:
        _follower = subprocess.Popen(command, pass_fds=pass_fds, cwd=ROOT)  # noqa: S603


def _is_running() -> bool:
    """gunicorn reaps all children of its master, so that ours may be gone without a trace."""
    assert _follower is not None
    if _follower.poll() is not None:
        return False
    try:
        os.kill(_follower.pid, 0)
    except ProcessLookupError:
        return False
    return True
