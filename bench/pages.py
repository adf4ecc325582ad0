"""What pages and polls cost, as a share of a bare Django view's rate, and how large they are."""

from statistics import median
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
import django
django.setup()
from datetime import timedelta
from dispatch import sample, wiring
from tests.making import BUSINESS
from bench.site import *
from msgspec.structs import replace

def open_jobs(count):
    rows = [row for row in sample.JOBS if row.status not in ("completed","cancelled")]
    at = wiring.now()
    for n in range(count):
        row = rows[n % len(rows)]
        window = n % 40
        row = row._replace(window=4 + n % 40, name=f"{row.name} {n}")
        job = sample.made_job(BUSINESS, row, at)
        yield replace(job, created_at=at, history=tuple(replace(e, at=at) for e in job.history))

def main():
    import sys
    jobs = list(open_jobs(int(sys.argv[1]) if len(sys.argv)>1 else 100))
    booked = next(j for j in jobs if j.status=="booked")
    with running(jobs) as site:
        cookie = site.signed_in("dana")
        there = f"/track/{booked.tracking_token}"
        live = f"{there}/live"
        etag = site.app.ask(request(live)).headers["etag"]
        board = site.app.ask(request("/dashboard/board?", host=CREW_HOST, Cookie=cookie))
        whole = site.app.ask(request("/dashboard/", host=CREW_HOST, Cookie=cookie))
        betag = board.headers["etag"]
        for name, p, h in (("track", there, HOST),("live",live,HOST),("book","/book/",HOST),("day","/dashboard/day/",CREW_HOST),("schedule","/dashboard/schedule/",CREW_HOST)):
            a = site.app.ask(request(p, host=h, Cookie=cookie))
            print(name, a.status, len(a.body), a.size, flush=True)
        q = site.app.ask(request("/dashboard/board?", host=CREW_HOST, Cookie=cookie, If_None_Match=betag))
        print("board", len(board.body), "page", len(whole.body), "quiet", q.status, q.size)
        shares = compared(site, {
          "track 200": ([request(there)], 200),
          "track 304": ([request(live, If_None_Match=etag)], 304),
          "board 304": ([request("/dashboard/board?", host=CREW_HOST, Cookie=cookie, If_None_Match=betag)], 304),
          "board part 200": ([request("/dashboard/board?", host=CREW_HOST, Cookie=cookie)], 200),
          "board 200": ([request("/dashboard/", host=CREW_HOST, Cookie=cookie)], 200),
          "book": ([request("/book/")], 200),
          "day": ([request("/dashboard/day/", host=CREW_HOST, Cookie=cookie)], 200),
          "schedule": ([request("/dashboard/schedule/", host=CREW_HOST, Cookie=cookie)], 200),
        })
        print("bare/s", site.bare.rate([request("/")], 200))
        for name, each in shares.items():
            print(f"{name:20} {median(each):.3f} {min(each):.3f}–{max(each):.3f}")

main()
