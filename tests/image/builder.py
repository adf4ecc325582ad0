"""Carries out a Dockerfile without a Docker engine: its own commands, at its own paths.

Each stage gets a root of its own, in which this machine's /usr and Python stand read-only in
place of the base image; RUN, HEALTHCHECK and CMD are run inside it by chroot, in a mount
namespace of their own, as the user that USER names. COPY finds what .dockerignore lets through.
What it does not show: that the base image exists and has the same libraries. The Python is the
image's version where that is installed here, else the one that runs the tests.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

IMAGE_PYTHON = "python3.13"


def python() -> Path:
    """The folder of the image's Python, or of this one where that is not installed."""
    ask = [IMAGE_PYTHON, "-c", "import sys; print(sys.base_prefix)"]
    try:
        found = subprocess.run(ask, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):  # a pyenv shim fails where it is not chosen
        return Path(sys.base_prefix)
    return Path(found.stdout.strip())


PYTHON = python()
# Arguments: the root, whether it is read-only, the Python, then the command.
INSIDE = r"""
set -e
root=$1 frozen=$2 python=$3; shift 3
mount --bind "$root" "$root"
for place in /usr /dev /proc "$python"; do
  mkdir -p "$root$place"; mount --rbind "$place" "$root$place"
done
mount -o remount,ro,bind "$root/usr"; mount -o remount,ro,bind "$root$python"
if [ "$frozen" = yes ]; then mount -o remount,ro,bind "$root"; fi
mount -t tmpfs tmpfs "$root/tmp"
exec chroot "$root" "$@"
"""


@dataclass
class Stage:
    """One FROM: a root to work in, and what the instructions said so far."""

    root: Path
    env: dict[str, str] = field(default_factory=dict)
    workdir: str = "/"
    user: str = "0"
    command: list[str] = field(default_factory=list)
    healthcheck: list[str] = field(default_factory=list)

    def start(self) -> None:
        for name in ("tmp", "python", "opt"):
            (self.root / name).mkdir(parents=True)
        (self.root / "tmp").chmod(0o1777)
        for link in ("bin", "lib", "lib64", "sbin"):
            (self.root / link).symlink_to(f"usr/{link}")
        shutil.copytree("/etc", self.root / "etc", symlinks=True)
        (self.root / "python" / "python").symlink_to(PYTHON / "bin" / "python3")
        for place in (PYTHON, *PYTHON.parents):
            if self.root.joinpath(*place.parts[1:]).is_dir():
                self.root.joinpath(*place.parts[1:]).chmod(0o755)
        self.env = {"PATH": "/python:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"}

    def popen(
        self, command: list[str], *, frozen: bool = False, **env: str
    ) -> "subprocess.Popen[str]":
        """Run a command inside, as a container of this stage would."""
        as_user = ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups"]
        here = ["sh", "-c", 'cd "$0" && exec "$@"', self.workdir, *as_user, *command]
        mounts = [str(self.root), "yes" if frozen else "no", str(PYTHON)]
        pip = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        return subprocess.Popen(
            [
                "unshare",
                "-m",
                "--propagation",
                "private",
                "bash",
                "-c",
                INSIDE,
                "-",
                *mounts,
                *here,
            ],
            env=pip | self.env | env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, command: list[str], **env: str) -> str:
        """The command's output. Raises where it fails."""
        process = self.popen(command, **env)
        said, _ = process.communicate(timeout=600)
        assert process.returncode == 0, said
        return said


def build(dockerfile: Path, folder: Path) -> Stage:
    """Carry out every instruction; the last stage is the image. Raises for one it does not know."""
    stages: dict[str, Stage] = {}
    stage = Stage(folder)
    handed = context(dockerfile.parent, folder / "context")
    for word, rest in instructions(dockerfile.read_text()):
        if word == "FROM":
            name = rest.split(" AS ")[-1] if " AS " in rest else str(len(stages))
            stage = stages[name] = Stage(folder / name)
            stage.start()
        elif word == "COPY":
            copy(stage, stages, handed, shlex.split(rest))
        elif word == "RUN":
            stage.run(["sh", "-c", rest])
        elif word == "ENV":
            variables = (part.split("=", 1) for part in shlex.split(rest))
            for name, value in variables:
                stage.env[name] = value.replace(f"${name}", stage.env.get(name, ""))
        elif word == "WORKDIR":
            stage.workdir = rest
            stage.root.joinpath(rest.lstrip("/")).mkdir(parents=True, exist_ok=True)
        elif word == "USER":
            stage.user = rest
        elif word == "HEALTHCHECK":
            stage.healthcheck = json.loads(rest[rest.index("[") :])
        elif word == "CMD":
            stage.command = json.loads(rest)
        elif word != "EXPOSE":
            raise NotImplementedError(word)
    return stage


def instructions(text: str) -> list[tuple[str, str]]:
    text = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    lines = (line.strip().partition(" ") for line in text.splitlines() if line.strip())
    return [(word, rest.strip()) for word, _, rest in lines]


def context(checkout: Path, folder: Path) -> Path:
    """The build context: all of a checkout that .dockerignore lets through."""
    rules = [line for line in (checkout / ".dockerignore").read_text().split() if line]
    for path in sorted(checkout.rglob("*")):
        name = path.relative_to(checkout).as_posix()
        if not path.is_dir() and not is_ignored(name, rules):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, folder / name, follow_symlinks=False)
    return folder


def is_ignored(name: str, rules: list[str]) -> bool:
    """The last rule that fits a file, or a folder that it is in, decides."""
    ignored = False
    for rule in rules:
        kept = rule.startswith("!")
        pattern = rule.removeprefix("!")
        if pattern not in ("*", "**") and re.search(r"[*?\[]", pattern.removeprefix("**/")):
            raise NotImplementedError(rule)
        parts = name.split("/")
        if pattern.startswith("**/"):
            fits = pattern.removeprefix("**/") in parts
        else:
            fits = pattern in ("*", "**", *("/".join(parts[:n]) for n in range(1, len(parts) + 1)))
        ignored = not kept if fits else ignored
    return ignored


def copy(stage: Stage, stages: dict[str, Stage], handed: Path, words: list[str]) -> None:
    """From the context, or from an earlier stage."""
    base = handed
    if words[0].startswith("--from="):
        base = stages[words.pop(0).removeprefix("--from=")].root
    source, target = base / words[0].lstrip("/"), stage.root / stage.workdir.lstrip("/") / words[1]
    if words[1].startswith("/"):
        target = stage.root / words[1].lstrip("/")
    if source.is_dir():
        # Thirty thousand files from stage to stage are linked: nothing changes one in its place.
        how = shutil.copy2 if base is handed else os.link
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True, copy_function=how)
    else:
        shutil.copy2(source, target / source.name if target.is_dir() else target)
