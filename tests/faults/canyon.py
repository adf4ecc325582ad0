"""The way to a server through a canyon: slow, with losses, and answers that never come back."""

import re
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from random import Random

from tests.faults.cable import Cable, _close

TAP = re.compile(rb"POST /dashboard/jobs/[^ ]+ ")
Fate = Callable[[int], str]  # of the tap of that number, from 0: "", "unheard" or "unanswered"


def every_answer_lost_once(number: int) -> str:
    """Of each tap the server's answer is cut off, and the next time it comes through."""
    return "unanswered" if number % 2 == 0 else ""


def losses(share: float, seed: int) -> Fate:
    """That share is lost, as chance will have it on the way there or on the way back."""
    chance = Random(seed)

    def fate(_number: int) -> str:
        return chance.choice(["unheard", "unanswered"]) if chance.random() < share else ""

    return fate


class Canyon(Cable):
    """Each request takes `seconds` more; what becomes of a tap `fate` says."""

    def __init__(self, target: str, fate: Fate = lambda _number: "", seconds: float = 0) -> None:
        self.fate, self.seconds = fate, seconds
        self.taps: list[str] = []  # the fates of those that have come by
        self.heard = 0  # bytes that have reached the server
        self._numbers = count()
        self._unanswered: set[socket.socket] = set()  # servers' ends whose next answer is cut off
        super().__init__(target)

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while said := one.recv(65_536):
                if self._silent:
                    continue
                if TAP.match(said):
                    self.taps.append(self.fate(next(self._numbers)))
                    if self.taps[-1] == "unheard":
                        break
                    if self.taps[-1] == "unanswered":
                        self._unanswered.add(other)
                if one in self._unanswered:
                    self._unanswered.discard(one)
                    break
                time.sleep(self.seconds)
                self.heard += len(said) * (other.getpeername() == self._target)
                other.sendall(said)
        _close(one)
        _close(other)
