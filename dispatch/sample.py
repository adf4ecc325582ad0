"""A believable day, for looking around on a laptop."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.contrib.auth.hashers import check_password, make_password
from msgspec.structs import replace

from dispatch import wiring
from dispatch.domain.business import Business
from dispatch.domain.job import CUSTOMER, Crew, Event, Job, Window
from dispatch.domain.moves import move
from dispatch.domain.permissions import THE_CUSTOMER, Actor, Rank
from dispatch.domain.roster import Member, Roster
from dispatch.domain.status import PATH, Status

MEMBERS = {
    "dana": ("Dana Whitfield", Rank.DISPATCHER, ("supervisor",), "+16195550101"),
    "joel": ("Joel Ramirez", Rank.CREW, ("driver", "first_mate"), "+16195550102"),
    "ana": ("Ana Kealoha", Rank.CREW, ("driver", "first_mate"), "+16195550103"),
    "vic": ("Vic Tran", Rank.VIEWER, (), "+16195550104"),
}

# name, phone, address, load, access notes, window (0: the one now or next), status, driver, note
JOBS = (
    ("Priya Raman", "+16195550121", "3055 Juniper St", "half", "Gate code 4411", -1, "completed", "joel", "Two trips to the curb, all gone."),
    ("Walt Becker", "+16195550122", "1427 Granada Ave", "quarter", "", -1, "completed", "ana", ""),
    ("Lucia Ferrer", "+16195550123", "4410 Texas St #3", "full", "Third floor, no lift", 0, "in_progress", "joel", "Piano is upstairs; Ana helps."),
    ("Old Town Bikes", "+16195550124", "2461 San Diego Ave", "half", "Ring at the back door", 0, "ready_for_pickup", "ana", ""),
    ("Mark Soderblom", "+16195550125", "9230 Soderblom Ave", "full", "", 0, "booked", "joel", ""),
    ("Café Nuñez & Sons", "+16195550126", "2801 Adams Ave #B, rear alley", "quarter", "Dog in the yard", 1, "booked", "", ""),
    ("Grace Kim", "+16195550127", "6021 Waverly Ave", "half", "", 1, "booked", "ana", ""),
    ("Hector Salas", "+16195550128", "845 26th St", "quarter", "Call on arrival", 2, "pending", "", ""),
    ("Naomi Adler", "+16195550129", "3333 Dumas St", "full", "", 3, "pending", "", ""),
    ("Terry O'Neil", "+16195550130", "1960 Bacon St", "half", "", 1, "cancelled", "", ""),
)  # fmt: skip


def add_members(business: Business, password: str) -> None:
    """The four members, with this password; whoever else is on the roster stays as they are."""
    at = wiring.now()
    hashed = make_password(password)

    def apply(roster: Roster) -> Roster:
        for username, (name, rank, roles, phone) in MEMBERS.items():
            new = Member(
                username=username, name=name, rank=rank, roles=roles, created_at=at, updated_at=at
            )
            member = roster.value(username) or replace(new, phone=phone)
            if not member.password or not check_password(password, member.password):
                roster = roster.changed(member.with_password(hashed), at)
        return roster

    wiring.roster(business).change(apply)


def add_jobs(business: Business) -> int:
    """Jobs of yesterday to the day after tomorrow, into an empty store only; how many."""
    at = wiring.now()
    jobs = [made_job(business, row, at) for row in JOBS]
    book = wiring.jobs(business).change(lambda book: book.put(*jobs) if book.is_new else book)
    return len(jobs) if book.value(jobs[0].id) else 0


def a_token(business: Business) -> str:
    """The link of a job that is under way."""
    jobs = sorted(wiring.jobs(business).read().jobs, key=lambda job: job.status.place)
    open_jobs = [job for job in jobs if job.status.is_open and job.tracking_token]
    return open_jobs[-1].tracking_token if open_jobs else ""


def made_job(
    business: Business, row: tuple[str, str, str, str, str, int, str, str, str], at: datetime
) -> Job:
    name, phone, address, load_name, access, offset, status, driver, note = row
    load = business.load(load_name) or business.loads[0]
    booked_at = at - timedelta(hours=20 + 3 * len(name))
    job = Job(
        id=wiring.new_job_id(),
        tracking_token=wiring.new_token(),
        customer_name=name,
        phone=phone,
        location=f"{address}, San Diego",
        load=load.name,
        price=Decimal(load.price),
        access_notes=access,
        window=_window(business, at, offset),
        status=Status.PENDING,
        history=(Event(at=booked_at, by=CUSTOMER, what="created"),),
        created_at=booked_at,
        updated_at=booked_at,
    )
    job = _moved(business, job, Status(status), driver, at)
    return job.noted(note, by=driver or "dana", at=at) if note else job


def _window(business: Business, at: datetime, offset: int) -> Window:
    """So many windows after the one that is under way or comes next."""
    days = (business.today(at) + timedelta(days=ahead) for ahead in range(-10, 20))
    windows = [window for day in days for window in business.windows_on(day)]
    now = next(i for i, window in enumerate(windows) if business.span(window)[1] > at)
    return windows[now + offset]


def _moved(business: Business, job: Job, to: Status, driver: str, at: datetime) -> Job:
    """Through every step of a day, a while apart, by those who would have taken it."""
    dana = Actor("dana", Rank.DISPATCHER)
    if to is Status.CANCELLED:
        gone = at - timedelta(hours=5)
        return move(job, to, by=dana, at=gone, business=business, reason="customer called")
    steps = [step for step in PATH if step.is_forward_of(job.status) and step.place <= to.place]
    for place, step in enumerate(steps):
        when = at - timedelta(minutes=35 * (len(steps) - place))
        crew = Actor(driver, Rank.CREW) if driver else dana
        by = {Status.BOOKED: dana, Status.READY_FOR_PICKUP: THE_CUSTOMER}.get(step, crew)
        job = move(job, step, by=by, at=when, business=business)
        if step is Status.BOOKED and driver:
            job = job.assigned(Crew(driver=driver), by="dana", at=when)
    return replace(job, version=1 + len(job.history))
