"""However slowly a provider answers, the sender goes on."""

from queue import Empty, Queue
from threading import Thread

from dispatch.domain.outbox.message import Carrier, Envelope, NotSent
from dispatch.domain.typed.sentences import Sentence as _

SECONDS = 10.0  # for one message


class InTime:
    """A carrier with an outcome after so many seconds at most.

    The timeouts of sockets are for one answer each, and names are looked up for as long as the
    system likes. What is left behind ends by those, and changes nothing here.
    """

    def __init__(self, carrier: Carrier, seconds: float = SECONDS) -> None:
        self._carrier, self._seconds = carrier, seconds

    def send(self, envelope: Envelope) -> None:
        outcome: Queue[Exception | None] = Queue()
        Thread(target=self._try, args=(envelope, outcome), name="carrier", daemon=True).start()
        try:
            error = outcome.get(timeout=self._seconds)
        except Empty:
            said = _("There was no answer within %(count)d seconds.", count=self._seconds)
            raise NotSent(said) from None
        if error is not None:
            raise error

    def _try(self, envelope: Envelope, outcome: "Queue[Exception | None]") -> None:
        try:
            self._carrier.send(envelope)
        except Exception as error:
            outcome.put(error)
        else:
            outcome.put(None)
