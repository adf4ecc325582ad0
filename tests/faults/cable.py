"""The way to a server, which can be cut, or lead nowhere, and be mended again."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit


class Cable:
    """Hands on what comes in at `url` to the server at `target`, and back."""

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self._target = (parts.hostname, parts.port)
        self._door = _listening(0)
        self._port = self._door.getsockname()[1]
        self._ends: list[socket.socket] = []
        self._silent = False
        self._serve()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def fail(self, how: str) -> None:
        {"refuses": self.refuse, "hangs": self.hang}[how]()

    def refuse(self) -> None:
        """Nothing listens any more, and what was connected is cut off."""
        _close(self._door)
        self._cut()

    def hang(self) -> None:
        """Connections are taken, and nothing that is said on them arrives or is answered."""
        self._silent = True

    def mend(self) -> None:
        """As new; what hung is cut off, not delivered after all."""
        self._silent = False
        self._cut()
        if self._door.fileno() < 0:
            self._door = _listening(self._port)
            self._serve()

    def close(self) -> None:
        self.refuse()

    def _serve(self) -> None:
        threading.Thread(target=self._accept, args=[self._door], daemon=True).start()

    def _accept(self, door: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = door.accept()
                server = socket.create_connection(self._target)
                self._ends += [client, server]
                for one, other in ((client, server), (server, client)):
                    threading.Thread(target=self._carry, args=[one, other], daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while said := one.recv(65_536):
                if not self._silent:
                    other.sendall(said)
        _close(one)
        _close(other)

    def _cut(self) -> None:
        while self._ends:
            _close(self._ends.pop())


@contextmanager
def cable_to(target: str) -> Iterator[Cable]:
    cable = Cable(target)
    try:
        yield cable
    finally:
        cable.close()


def _listening(port: int) -> socket.socket:
    return socket.create_server(("127.0.0.1", port), backlog=128)


def _close(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
