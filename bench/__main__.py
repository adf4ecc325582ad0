"""`python -m bench [GROUP …]`: a table, and bench/results.json; exits 1 where a goal is missed.

Each group runs in a process of its own: who writes at once are greenlets, as in gunicorn's
workers, and who asks a server over the network are none.
"""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from bench import Row

RESULTS = Path(__file__).parent / "results.json"
GREENLETS = "writers"
GROUPS = (GREENLETS, "growth", "pages", "browser", "s3", "start", "crowd", "reports")


def main(names: Iterable[str]) -> int:
    names = tuple(names) or GROUPS
    if unknown := set(names) - {*GROUPS}:
        sys.exit(f"No such group: {', '.join(sorted(unknown))}. There are {', '.join(GROUPS)}.")
    found = list[tuple[str, Row]]()
    for name in names:
        for row in rows_of(name):
            print(line(row), flush=True)
            found.append((name, row))
    RESULTS.write_text(json.dumps(told(found), indent=2, ensure_ascii=False) + "\n", "utf-8")
    return 0 if all(row.is_met for _, row in found) else 1


def rows_of(group: str) -> Iterator[Row]:
    """As its process prints them. Raises CalledProcessError where that fails."""
    command = [sys.executable, "-m", "bench", "--only", group]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for each in process.stdout:
            if each.startswith("{"):
                yield Row(**json.loads(each))
            else:
                print(each, end="", file=sys.stderr)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)


def only(group: str) -> None:
    """This group's rows, a line of JSON each."""
    if group == GREENLETS:
        from gevent import monkey

        monkey.patch_all()  # before anybody imports what blocks
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django

    django.setup()
    rows: Callable[[], Iterator[Row]] = import_module(f"bench.groups.{group}").rows
    for row in rows():
        print(json.dumps(asdict(row)), flush=True)


def line(row: Row) -> str:
    met = ("met" if row.is_met else "MISSED") if row.goal else ""
    spread = "" if row.spread is None else f"± {row.spread / 2:.2f}"
    return f"{row.name:<80}{row.value:>9.2f} {spread:<8} {row.unit:<9} {row.goal:>6} {met}".rstrip()


def told(found: Iterable[tuple[str, Row]]) -> dict[str, object]:
    """The machine, and each row with its group."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    machine = {
        "platform": platform.platform(),
        "cores": cores,
        "python": platform.python_version(),
        "date": datetime.now(UTC).isoformat(timespec="minutes"),
    }
    rows = [
        {
            "group": group,
            "name": row.name,
            "value": row.value,
            "unit": row.unit,
            "goal": row.goal,
            "met": row.is_met,
        }
        | ({} if row.spread is None else {"spread": row.spread})
        for group, row in found
    ]
    return {"machine": machine, "rows": rows}


if __name__ == "__main__":
    if sys.argv[1:2] == ["--only"]:
        only(sys.argv[2])
    else:
        sys.exit(main(sys.argv[1:]))
