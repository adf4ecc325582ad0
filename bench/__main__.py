"""`python -m bench`: a table, and bench/results.json; exits 1 where a goal is missed.

Those who write at once are greenlets, as in gunicorn's workers.
"""

# ruff: noqa: E402
from gevent import monkey

monkey.patch_all()  # before anybody imports what blocks

import json
import platform
import sys
from itertools import chain
from pathlib import Path

from bench import Row, growth, writers

RESULTS = Path(__file__).parent / "results.json"


def main() -> int:
    rows: list[Row] = []
    for row in chain(writers.rows(), growth.rows()):
        met = ("met" if row.is_met else "MISSED") if row.goal else ""
        print(f"{row.name:<80}{row.value:>9.2f} {row.unit:<9} {row.goal:>6} {met}", flush=True)
        rows.append(row)
    each = [{"name": r.name, "value": r.value, "goal": r.goal, "met": r.is_met} for r in rows]
    told = {"machine": platform.platform(), "python": platform.python_version(), "rows": each}
    RESULTS.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0 if all(row.is_met for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
