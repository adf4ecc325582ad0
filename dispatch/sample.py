"""A believable week, for looking around on a laptop."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from django.contrib.auth.hashers import check_password, make_password
from msgspec.structs import replace

from dispatch import wiring
from dispatch.domain.business import Business
from dispatch.domain.job import CUSTOMER, Crew, Event, Item, Job, Window
from dispatch.domain.job_input import load_price
from dispatch.domain.moves import move
from dispatch.domain.permissions import THE_CUSTOMER, Actor, Rank
from dispatch.domain.roster import Member, Roster
from dispatch.domain.status import PATH, Status
from dispatch.domain.visit.bill import known_lines, quoted
from dispatch.domain.visit.money import Payment, PriceLine

MEMBERS = {
    "dana": ("Dana Whitfield", Rank.DISPATCHER, ("supervisor",), "+16195550101"),
    "joel": ("Joel Ramirez", Rank.CREW, ("driver", "first_mate"), "+16195550102"),
    "ana": ("Ana Kealoha", Rank.CREW, ("driver", "first_mate"), "+16195550103"),
    "vic": ("Vic Tran", Rank.VIEWER, (), "+16195550104"),
}


class Row(NamedTuple):
    """One job: of so many windows after the one that is under way or comes next (before: < 0)."""

    name: str
    address: str
    postcode: str
    load: str
    window: int
    status: str
    driver: str = ""
    access: str = ""
    note: str = ""
    paid: str = ""  # by which method, in full
    mattresses: int = 0
    offered: int = 0  # what more is asked for, and waits for the customer's yes


JOBS = tuple(
    Row(*row)
    for row in (
        ("Ruth Okafor", "4026 Ibis St", "92103", "half", -10, "completed", "ana", "", "", "cash"),
        ("Sam Whitaker", "2104 Fern St", "92104", "quarter", -10, "completed", "joel", "", "", "card"),
        ("Bea Lindqvist", "3760 Park Blvd #210", "92103", "full", -9, "completed", "joel", "Loading dock at the rear", "", "invoice"),
        ("Omar Haddad", "5115 Orcutt Ave", "92120", "half", -9, "completed", "ana", "", "", "card"),
        ("Kensington Dental", "4142 Adams Ave", "92116", "quarter", -8, "completed", "ana", "Before opening, ring twice", "", "invoice"),
        ("Joyce Tanaka", "1322 Kettner Blvd", "92101", "half", -7, "completed", "joel", "", "", "check"),
        ("Luis Ortega", "3011 Beech St", "92102", "full", -7, "completed", "ana", "Narrow alley", "Second trip for the sofa.", "cash"),
        ("Mia Novak", "6970 Fulton St", "92111", "quarter", -6, "completed", "joel", "", "", "cash"),
        ("Dale Purcell", "2255 Bacon St", "92107", "half", -6, "cancelled"),
        ("Anita Desai", "4585 Muir Ave", "92107", "half", -5, "completed", "joel", "", "", "card"),
        ("Harbor Books", "1051 Rosecrans St", "92106", "full", -5, "completed", "ana", "", "", "invoice"),
        ("Gus Papadakis", "3539 Bancroft St", "92104", "quarter", -4, "completed", "ana"),
        ("Wendy Cho", "7712 Regents Rd", "92122", "half", -3, "completed", "joel", "Gate code 2207", "", "card"),
        ("Pete Sorensen", "4830 Cape May Ave", "92107", "quarter", -3, "completed", "ana", "", "", "cash"),
        ("Nadia Rahman", "9420 Carroll Canyon Rd", "92126", "full", -2, "completed", "joel", "", "", "check"),
        ("Priya Raman", "3055 Juniper St", "92104", "half", -1, "completed", "joel", "Gate code 4411", "Two trips to the curb, all gone.", "cash"),
        ("Walt Becker", "1427 Granada Ave", "92102", "quarter", -1, "completed", "ana"),
        ("Lucia Ferrer", "4410 Texas St #3", "92116", "full", 0, "in_progress", "joel", "Third floor, no lift", "Piano is upstairs; Ana helps.", "", 0, 90),
        ("Old Town Bikes", "2461 San Diego Ave", "92110", "half", 0, "ready_for_pickup", "ana", "Ring at the back door"),
        ("Mark Soderblom", "9230 Soderblom Ave", "92129", "full", 0, "booked", "joel", "", "", "", 2),
        ("Café Nuñez & Sons", "2801 Adams Ave #B, rear alley", "92116", "quarter", 1, "booked", "", "Dog in the yard"),
        ("Grace Kim", "6021 Waverly Ave", "92037", "half", 1, "booked", "ana"),
        ("Terry O'Neil", "1960 Bacon St", "92107", "half", 1, "cancelled"),
        ("Hector Salas", "845 26th St", "92102", "quarter", 2, "pending", "", "Call on arrival"),
        ("Ivy Marsh", "4077 Goldfinch St", "92103", "half", 2, "booked", "joel", "", "", "", 1),
        ("Tom Brandt", "3634 Pershing Ave", "92104", "full", 2, "booked", "ana", "Gate code 0815"),
        ("Naomi Adler", "3333 Dumas St", "92106", "full", 3, "pending"),
        ("Southpark Yoga", "3015 Juniper St", "92104", "quarter", 3, "booked", "joel"),
        ("Ellis Grant", "2727 Kalmia St", "92104", "half", 4, "booked"),
        ("Rosa Delgado", "4949 Coronado Ave", "92107", "quarter", 4, "pending", "", "Behind the garage", "", "", 3),
        ("Viktor Petrov", "8333 Rio San Diego Dr", "92108", "full", 5, "booked", "ana"),
        ("Claire Dubois", "1741 Garnet Ave", "92109", "half", 6, "booked"),
        ("Point Loma Marina", "4980 N Harbor Dr", "92106", "full", 8, "booked"),
    )
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
    """Jobs of last week to next week, into an empty store only; how many."""
    at = wiring.now()
    jobs = [made_job(business, row, at) for row in JOBS]
    book = wiring.jobs(business).change(lambda book: book.put(*jobs) if book.is_new else book)
    return len(jobs) if book.value(jobs[0].id) else 0


def a_token(business: Business) -> str:
    """The link of a job that is under way."""
    jobs = sorted(wiring.jobs(business).read().jobs, key=lambda job: job.status.place)
    open_jobs = [job for job in jobs if job.status.is_open and job.tracking_token]
    return open_jobs[-1].tracking_token if open_jobs else ""


def made_job(business: Business, row: Row, at: datetime) -> Job:
    load = business.load(row.load) or business.loads[0]
    items = [Item(name="mattress", count=row.mattresses)] if row.mattresses else []
    known = tuple(item for item in items if business.item(item.name))
    window = _window(business, at, row.window)
    ago = timedelta(hours=20 + 3 * len(row.name))
    if row.status == "pending":  # one has waited too long already
        ago = timedelta(minutes=9 * len(row.name) + (60 if row.access else 0))
    booked_at = min(at, business.span(window)[0]) - ago
    job = Job(
        id=wiring.new_job_id(),
        tracking_token=wiring.new_token(),
        customer_name=row.name,
        phone=f"+1619555{1000 + sum(map(ord, row.name)):04}",
        location=f"{row.address}, San Diego",
        postcode=row.postcode,
        load=load.name,
        items=known,
        access_notes=row.access,
        window=window,
        status=Status.PENDING,
        history=(Event(at=booked_at, by=CUSTOMER, what="created"),),
        created_at=booked_at,
        updated_at=booked_at,
        **load_price(load, known, business),
    )
    # What has passed was done within its window; the rest, as it would be by now.
    now = business.span(window)[1] - timedelta(minutes=20) if row.window < 0 else at
    job = _moved(business, job, Status(row.status), row.driver, now)
    if row.paid and isinstance(job.price, Decimal):
        payment = Payment(
            id=wiring.new_job_id(), amount=job.price, method=row.paid, at=now, by=row.driver
        )
        job = replace(job, payments=(payment,))
    if row.offered:
        stairs = PriceLine(label="Third floor, no lift", amount=Decimal(row.offered))
        lines = (*known_lines(job, business, load.label), stairs)
        job = quoted(job, wiring.new_token(), lines, by=row.driver, at=now)
    return job.noted(row.note, by=row.driver or "dana", at=now) if row.note else job


def _window(business: Business, at: datetime, offset: int) -> Window:
    """So many windows after the one that is under way or comes next."""
    days = (business.today(at) + timedelta(days=ahead) for ahead in range(-21, 31))
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
