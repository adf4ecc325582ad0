"""Answers as the schema shows them."""

from typing import Any

JOB: dict[str, Any] = {
    "id": "jXkL9m2pQ",
    "version": 3,
    "tracking_token": "pV3nq0yXc8TkLw2rZb7sJd5fGh1mQa9E",
    "customer_name": "Mark",
    "location": "1420 Soderblom Ave, San Diego",
    "phone": "+16195550142",
    "email": "",
    "price": 320,
    "price_lines": [],
    "paid": None,
    "status": "booked",
    "window": {"date": "2026-05-23", "name": "afternoon", "start": "12:00", "end": "16:00"},
    "on_my_way": None,
    "eta": None,
    "crew": {"driver": "joel", "first_mate": None, "supervisor": None},
    "truck": "T1",
    "load": "half",
    "access_notes": "Gate 4711",
    "photos": [],
    "notes": [],
    "history": [{"at": "2026-05-22T19:00:00Z", "by": "dana", "what": "created"}],
    "created_at": "2026-05-22T19:00:00Z",
    "updated_at": "2026-05-22T19:04:00Z",
}
JOBS = {"jobs": [JOB], "revision": 17, "next": None}
MADE_JOB = {
    "job_id": JOB["id"],
    "tracking_token": JOB["tracking_token"],
    "tracking_url": f"https://quickdumpnow.com/track/{JOB['tracking_token']}",
    "job": JOB,
}
MADE_NOTE = {
    "note": {
        "at": "2026-05-22T19:05:00Z",
        "by": "joel",
        "text": "The couch is behind the garage.",
    },
    "version": 4,
}
FREE = {
    "days": [
        {
            "date": "2026-05-23",
            "windows": [
                {
                    "name": "morning",
                    "free": {
                        "driver": [{"username": "joel", "name": "Joel Ramirez"}],
                        "first_mate": [],
                        "supervisor": [],
                    },
                }
            ],
        }
    ],
    "revision": 17,
}
TOKEN = {"access": "eyJhbGciOiJIUzI1NiIs…", "expires_in": 43200, "token_type": "Bearer"}
