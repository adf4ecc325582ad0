"""The rules of the house, read from the imports themselves."""

import ast
import os
import subprocess
import sys
from collections import Counter
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.serving import run

ROOT = Path(__file__).resolve().parent.parent
APPS = ("qdn_site", "tracking", "booking", "dispatch")
MAY_IMPORT = {
    "qdn_site": {"tracking", "booking", "dispatch"},
    "tracking": {"dispatch"},
    "booking": {"dispatch"},
    "dispatch": set[str](),
}
# Inside dispatch, from the bottom up; whatever is not named here stands with the jobs.
LAYERS = (
    "domain",
    "stores, channels and turns",
    "wiring",
    "jobs and roster",
    "views and api",
    "urls",
)
LIBRARIES_OF_THE_DOMAIN = {"msgspec", "phonenumbers"}
NOT_IN_THE_DOMAIN = {"random", "secrets", "uuid", "time", "os", "io", "socket", "threading"}
TOP_LEVEL = {
    *("manage.py", "qdn_site", "dispatch", "tracking", "booking", "templates", "static"),
    *("Dockerfile", "tests", "requirements.txt", "README.md", "CHANGELOG.md", "SECURITY.md"),
    *("Makefile", "pyproject.toml", "requirements-dev.txt", ".ci", "infra", "bench"),
    *(".gitignore", ".dockerignore", ".git", ".github"),
}

Module = tuple[str, Path]


@cache
def modules(app: str) -> list[Module]:
    return [
        (".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"), path)
        for path in sorted((ROOT / app).rglob("*.py"))
    ]


@cache
def imports_of(module: Module) -> list[tuple[str, str]]:
    """Every module that this one imports, at its top or later, and where it does so."""
    name, path = module
    found: list[tuple[str, str]] = []
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        where = f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Import):
            found += [(alias.name, where) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            source = ".".join([*(above if node.level else []), *filter(None, [node.module])])
            # `from dispatch import wiring` imports a module too.
            found += [(f"{source}.{alias.name}", where) for alias in node.names]
    return found


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def layer(module: str) -> int:
    """How high a module of dispatch stands."""
    part = module.removeprefix("dispatch.").split(".")
    if part[-1] == "urls" or "urls" in part[1:2]:
        return 5
    if part[0] == "api" or part[0].endswith("views") or part[0] == "management":
        return 4
    return {"domain": 0, "stores": 1, "channels": 1, "turns": 1, "wiring": 2}.get(part[0], 3)


@pytest.mark.parametrize("app", APPS)
def test_apps_import_only_the_apps_below_them(app: str) -> None:
    wrong = [
        f"{where} imports {target}: {app} may import only {sorted(MAY_IMPORT[app]) or 'itself'}"
        for module in modules(app)
        for target, where in imports_of(module)
        for other in APPS
        if within(target, other) and other not in MAY_IMPORT[app] | {app}
    ]
    assert not wrong, "\n".join(wrong)


def test_inside_dispatch_imports_go_downwards_only() -> None:
    known = {name for name, _ in modules("dispatch")}
    wrong = []
    for module in modules("dispatch"):
        for target, where in imports_of(module):
            found = target if target in known else target.rpartition(".")[0]
            if found in known - {"dispatch"} and layer(found) > layer(module[0]):
                here, there = LAYERS[layer(module[0])], LAYERS[layer(found)]
                wrong.append(f"{where} imports {found}: “{here}” stands below “{there}”")
    assert not wrong, "\n".join(wrong)


def test_pages_and_api_do_not_lean_on_each_other() -> None:
    wrong = [
        f"{where}: {name} imports {target}; what both need belongs beneath them"
        for name, path in modules("dispatch")
        if layer(name) == 4
        for target, where in imports_of((name, path))
        if layer(target) == 4
        and target.startswith("dispatch.")
        and within(name, "dispatch.api") != within(target, "dispatch.api")
        and not within(name, "dispatch.management")
        and not target.startswith("dispatch.management")
    ]
    assert not wrong, "\n".join(wrong)


def test_only_wiring_chooses_adapters_for_jobs_and_roster() -> None:
    wrong = [
        f"{where}: {name} imports {target}; ask dispatch.wiring instead"
        for app in APPS
        for name, path in modules(app)
        for target, where in imports_of((name, path))
        if within(target, "dispatch.stores")
        and not within(name, "dispatch.stores")
        and not within(name, "qdn_site.releases")  # the release pointer is such a document too
        and name != "dispatch.wiring"
        and target.rpartition(".")[0] != "dispatch.stores.aws"  # how clients behave: no adapter
    ]
    assert not wrong, "\n".join(wrong)


def test_gunicorns_master_imports_nothing_that_gevent_must_come_before() -> None:
    """A worker patches sockets, locks and threads; what holds unpatched ones blocks everybody."""
    code = "import sys, qdn_site.gunicorn, qdn_site.logs; print(*sys.modules)"
    imported = subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True).split()
    assert not {"django", "asgiref", "boto3", "urllib3", "redis"} & set(imported)


def test_the_domain_is_plain_python() -> None:
    wrong = []
    for module in modules("dispatch/domain"):
        for target, where in imports_of(module):
            top = target.split(".")[0]
            plain = top in sys.stdlib_module_names and top not in NOT_IN_THE_DOMAIN
            ours = within(target, "dispatch.domain") or top in LIBRARIES_OF_THE_DOMAIN
            if not (plain or ours):
                wrong.append(f"{where} imports {target}: no Django, AWS, settings, clock or chance")
    assert not wrong, "\n".join(wrong)


def test_the_domain_reads_no_clock() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno} asks the clock: pass `at` in"
        for _, path in modules("dispatch/domain")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and node.attr in ("now", "utcnow", "today")
        and ast.unparse(node.value).split(".")[-1] in ("datetime", "date", "dt")
    ]
    assert not wrong, "\n".join(wrong)


def test_the_top_level_is_the_one_that_the_owner_fixed() -> None:
    ignored = {line.strip("/*\n") for line in (ROOT / ".gitignore").read_text().splitlines()}
    found = {path.name for path in ROOT.iterdir()} - ignored
    assert found <= TOP_LEVEL, f"think twice about {sorted(found - TOP_LEVEL)} at the top"


def test_no_module_is_named_for_nothing() -> None:
    vague = {"utils.py", "helpers.py", "services.py", "exceptions.py", "common.py", "misc.py"}
    found = [path for app in APPS for path in (ROOT / app).rglob("*.py") if path.name in vague]
    assert not found, f"name these for what they hold: {found}"


def test_no_package_has_more_than_twelve_modules_side_by_side() -> None:
    folders = Counter(
        path.parent for app in APPS for _, path in modules(app) if path.name != "__init__.py"
    )
    crowded = {str(folder.relative_to(ROOT)): n for folder, n in folders.items() if n > 12}
    assert not crowded, f"two rooms would be clearer: {crowded}"


def test_no_imports_go_in_a_circle() -> None:
    every = [module for app in APPS for module in modules(app)]
    known = {name for name, _ in every}
    graph = {
        module[0]: {
            target if target in known else target.rpartition(".")[0]
            for target, _ in imports_of(module)
        }
        & known - {module[0]}
        for module in every
    }
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise AssertionError(f"a circle: {' ← '.join(error.args[1])}") from error


@pytest.mark.parametrize("command", ["screenshots", "lighthouse"])
def test_a_command_of_the_makefile_starts_without_settings(command: str) -> None:
    bare = {name: value for name, value in os.environ.items() if not name.startswith("DJANGO_")}
    run(bare, "-c", f"import tests.browser.{command}")
