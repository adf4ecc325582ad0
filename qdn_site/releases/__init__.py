"""Pages without a rebuild: what `stage`, `promote`, `rollback` and the container share.

Code ships in the image, pages as *releases*. A release holds all that the pages of one surface
are made of, and nothing that runs on the server:

- the surface's own templates and static files (`surfaces.py`: `book` is `templates/booking`,
  `templates/home.html` and `static/booking`, and so on);
- copies of the shared ones (`base.html`, `_field.html`, `_pill.html`, `static/site`), which
  apply to this surface's pages alone. So a new layout reaches the customers' pages when *they*
  are promoted, and the crew's board never changes because the booking page did;
- not `error.html`: it belongs to no surface and ships with the image.

A release is one plain tar, named by its SHA-256 (`pack.py`, `verify.py`), immutable, and proved
before it is uploaded: every template compiles, and the real views render with it (`proof.py`).
Static files keep the names that change with their content; they are uploaded before anything
points to them and never removed.

Where things are (`store.py`; a folder or a bucket for each stage):

    pointer.json            which release each surface shows, what came before, who moved it
    packs/<id>.tar          releases
    static/<hashed name>    every static file that any release ever named
    functions/<sha256>.js   the edge function as it went with them
    receipts/<revision>.json  a move that was checked, and what was invalidated

A container (`follow.py`) looks at its stage's pointer every few seconds, fetches, verifies,
unpacks beside the old, replaces one small file and sends gunicorn HUP. What it shows, and why
it refused what it refused, `/healthz` says.
"""
