"""jobs.json: the document of all jobs, read generously and written strictly."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cached_property
from hashlib import sha256
from hmac import compare_digest

from msgspec import Raw
from msgspec.structs import replace

from dispatch.domain.job import Job
from dispatch.domain.ledger import Ledger
from dispatch.domain.record import JSON

OLD_NAMES = {"customer": "customer_name", "token": "tracking_token", "assigned_crew": "crew"}
NEVER_NULL = {
    *("version", "tracking_token", "phone", "email", "price", "price_lines", "crew", "truck"),
    *("load", "access_notes", "photos", "notes", "history", "created_at", "updated_at"),
    *("doubtful", "keys"),
}
TIMES = {"created_at", "updated_at"}
MAX_REQUESTS = 500  # requests of customers that wait; beyond, they are asked to call
MAX_OF_ONE_SENDER = 10  # of those; who has sent so many is likely no customer
FORGOTTEN = timedelta(days=1)  # after which a request that was taken back counts no more
EPOCH = Raw(b'"1970-01-01T00:00:00Z"')


class JobNotFound(Exception):
    """No job has that id or link."""


class TooManyRequests(Exception):
    """More requests wait, of this sender or of all, than can be looked at: better to call."""


class JobBook(Ledger[Job]):
    """Every job of a business, by id, by tracking token and by the request that made it."""

    schema = 2
    collection = "jobs"
    record = Job

    @classmethod
    def unique(cls, value: Job) -> set[str]:
        return {f"id {value.id}", f"token {value.tracking_token or value.id}"}

    @classmethod
    def canonical(cls, fields: Mapping[str, Raw]) -> Mapping[str, Raw]:
        """Old names become today's; what is missing or null becomes its default."""
        nulls = {name for name in NEVER_NULL & fields.keys() if bytes(fields[name]) == b"null"}
        if not (nulls or OLD_NAMES.keys() & fields.keys() or TIMES - fields.keys()):
            return fields
        old = {OLD_NAMES[name]: raw for name, raw in fields.items() if name in OLD_NAMES}
        if "crew" in old:
            old["crew"] = Raw(JSON.encode({"driver": old["crew"]}))
        now = {
            name: raw for name, raw in fields.items() if name not in OLD_NAMES and name not in nulls
        }
        known_time = next(
            (now[name] for name in ("created_at", "updated_at") if name in now), EPOCH
        )
        return dict.fromkeys(sorted(TIMES), known_time) | old | now

    @property
    def jobs(self) -> tuple[Job, ...]:
        return self.values

    def job(self, job_id: str) -> Job:
        """Raises JobNotFound."""
        job = self.value(job_id)
        if job is None:
            raise JobNotFound(job_id)
        return job

    def by_token(self, token: str) -> Job:
        """Raises JobNotFound. Looked up by hash, so that timing tells nothing of near misses."""
        place = self._by_token.get(_hash(token))
        job = None if place is None else self.entries[place].value
        if job is None or not token or not compare_digest(job.tracking_token, token):
            raise JobNotFound("no such link")
        return job

    @cached_property
    def _by_token(self) -> dict[bytes, int]:
        return self.index_by(lambda job: _hash(job.tracking_token))

    def by_request(self, key: str) -> Job | None:
        """The job that the request with this idempotency key made, if it did."""
        return next((job for job in self.jobs if job.request and job.request.key == key), None)

    @property
    def untouched_requests(self) -> list[Job]:
        """The requests of customers that nobody else has done anything with yet."""
        return [job for job in self.jobs if job.status.is_open and job.is_the_customers]

    def check_floods(self, sender: str, at: datetime) -> None:
        """Raises TooManyRequests. What a sender took back counts too, or it would fill the book."""
        if len(self.untouched_requests) >= MAX_REQUESTS:
            raise TooManyRequests("More requests wait than we can look at.")
        sent = [
            job
            for job in self.jobs
            if sender and job.sender == sender and job.is_the_customers
            if job.status.is_open or job.created_at > at - FORGOTTEN
        ]
        if len(sent) >= MAX_OF_ONE_SENDER:
            raise TooManyRequests("We have not yet looked at your other requests.")

    def changed(self, job: Job, at: datetime) -> "JobBook":
        """With this next state of a job; the very same book where nothing is new."""
        if job == self.value(job.id):
            return self
        return self.put(replace(job, version=self.job(job.id).version + 1, updated_at=at))


def _hash(token: str) -> bytes:
    return sha256(token.encode(errors="surrogatepass")).digest()
