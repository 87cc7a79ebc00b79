#!/usr/bin/env python3
"""Sets up everything in this checkout and starts the app, or its tests.

    python3 installers/dev.py run     starts the app (in the terminal where there is no display)
    python3 installers/dev.py test    runs every check and test

Only the standard library, because it runs before anything is installed. A second call finds its
work done and starts at once.
"""

from __future__ import annotations

import ctypes.util
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCKS = ROOT / "installers" / "locks"
OLDEST = (3, 11)

# Debian and Ubuntu: what a window and the built-in engine need beyond the Python packages. Each
# library by the name the loader knows, with the package that holds it; Qt's own message names the
# wrong one when libxcb-icccm or libxcb-keysyms is missing, so each is looked for by name.
LIBRARIES = {
    "gomp": "libgomp1",  # the built-in engine's threads
    "GL": "libgl1",
    "EGL": "libegl1",
    "glib-2.0": "libglib2.0-0",
    "dbus-1": "libdbus-1-3",
    "fontconfig": "libfontconfig1",
    "gssapi_krb5": "libgssapi-krb5-2",
    "xkbcommon": "libxkbcommon0",
    "xkbcommon-x11": "libxkbcommon-x11-0",
    "xcb-cursor": "libxcb-cursor0",
    "xcb-icccm": "libxcb-icccm4",
    "xcb-keysyms": "libxcb-keysyms1",
    "xcb-shape": "libxcb-shape0",
    "wayland-cursor": "libwayland-cursor0",
}
# The tests bring up real parts: a container engine, a registry, the engine built from source, a
# virtual screen. Each program with the package that holds it.
TEST_PROGRAMS = {
    "dockerd": "docker.io",
    "docker-registry": "docker-registry",
    "iptables": "iptables",
    "ip": "iproute2",
    "cmake": "cmake",
    "g++": "g++",
    "make": "make",
    "Xvfb": "xvfb",
    "openbox": "openbox",
    "xdotool": "xdotool",
    "import": "imagemagick",
}
CHINESE_FONT = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")


def main() -> int:
    if len(sys.argv) < 2 or sys.argv[1] not in ("run", "test"):
        print(__doc__)
        return 2
    command, arguments = sys.argv[1], sys.argv[2:]
    if sys.version_info < OLDEST:
        return run_with_newer_python()
    if not install_system_packages(command) or not make_environment(command):
        return 1
    compile_sentences()
    return start_app(arguments) if command == "run" else run_tests(arguments)


def run_with_newer_python() -> int:
    """Hands over to a Python that is new enough, or says how to get one."""
    for name in ("python3.14", "python3.13", "python3.12", "python3.11"):
        found = shutil.which(name)
        if found:
            return subprocess.call([found, *sys.argv])
    print(f"Python {OLDEST[0]}.{OLDEST[1]} or newer is needed; this is {sys.version.split()[0]}.")
    print("Install it from your system's software source, then run this again.")
    return 1


# --- the system ---------------------------------------------------------------------------------


def missing_packages(command: str) -> list[str]:
    """Debian packages that are needed for `command` and not there."""
    packages = []
    if subprocess.call([sys.executable, "-c", "import ensurepip"], stderr=subprocess.DEVNULL):
        packages.append("python3-venv")
    wanted = LIBRARIES
    packages += [package for name, package in wanted.items() if not library_is_here(name)]
    if not CHINESE_FONT.exists():
        packages.append("fonts-noto-cjk")
    if command == "test":
        for program, package in TEST_PROGRAMS.items():
            if not shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin"):
                packages.append(package)
    return packages


def library_is_here(name: str) -> bool:
    """Whether the loader finds the library. `find_library` needs ldconfig or a compiler, and a
    bare system may have its ldconfig outside PATH, so the folders are looked into as well."""
    if ctypes.util.find_library(name):
        return True
    folders = [Path("/usr/lib"), Path("/lib"), *Path("/usr/lib").glob("*-linux-gnu")]
    return any(next(folder.glob(f"lib{name}.so.*"), None) for folder in folders)


def install_system_packages(command: str) -> bool:
    """On Debian and Ubuntu: installs what is missing when root, else prints the exact command."""
    if not shutil.which("apt-get"):
        return True
    packages = missing_packages(command)
    if not packages:
        return True
    install = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    if os.geteuid() != 0:
        print("These system packages are missing. Please run this, then start again:\n")
        print("  sudo apt-get update && sudo " + " ".join(install) + "\n")
        return False
    print("Installing system packages: " + " ".join(packages), flush=True)
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    for step in (["apt-get", "update", "-q"], install):
        done = subprocess.run(
            step, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        if done.returncode:
            print(done.stdout.decode(errors="replace")[-3000:])
            print("This step failed: " + " ".join(step))
            return False
    return True


# --- the Python environment ---------------------------------------------------------------------


def venv_python() -> Path:
    folder = "Scripts" if os.name == "nt" else "bin"
    return VENV / folder / ("python.exe" if os.name == "nt" else "python")


def make_environment(command: str) -> bool:
    """A virtual environment with exactly the locked packages, each checked by its hash."""
    packages = "run.txt" if command == "run" else "test.txt"
    inputs = [LOCKS / packages, LOCKS / "starter.txt", LOCKS / "build.txt", ROOT / "pyproject.toml"]
    stamp = VENV / "installed.txt"
    present = set(stamp.read_text(encoding="utf-8").split()) if stamp.exists() else set()
    if digest(LOCKS / "test.txt") in present:  # the packages of the tests include the app's
        inputs[0] = LOCKS / "test.txt"
    wanted = {digest(path) for path in inputs}
    if wanted <= present and venv_python().exists():
        return True
    print("Setting up the Python environment (a minute or two, only this once) ...", flush=True)
    install = [str(venv_python()), "-m", "pip", "install", "--quiet"]
    install += ["--disable-pip-version-check", "--no-deps"]
    steps = [] if venv_python().exists() else [[sys.executable, "-m", "venv", "--clear", str(VENV)]]
    steps += [[*install, "--require-hashes", "-r", str(lock)] for lock in inputs[:3]]
    steps.append([*install, "--no-build-isolation", "--editable", str(ROOT)])
    for step in steps:
        if subprocess.call(step):
            print("This step failed: " + " ".join(step))
            print("Without internet? Connect, then run this again; what was fetched is kept.")
            return False
    stamp.write_text("\n".join(sorted(wanted)), encoding="utf-8")
    return True


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def compile_sentences() -> None:
    """Writes the machine form of each catalogue beside it, where it is older or missing."""
    stale = [
        str(po)
        for po in (ROOT / "assets" / "text").glob("*/*.po")
        if not po.with_suffix(".mo").exists()
        or po.with_suffix(".mo").stat().st_mtime < po.stat().st_mtime
    ]
    if stale:
        code = (
            "import sys; from pathlib import Path; from core.text import compile_catalogue\n"
            "for name in sys.argv[1:]:\n"
            "    po = Path(name)\n"
            "    po.with_suffix('.mo').write_bytes(compile_catalogue(po).getvalue())"
        )
        subprocess.check_call([str(venv_python()), "-c", code, *stale], cwd=ROOT)


# --- start --------------------------------------------------------------------------------------


def has_display() -> bool:
    if os.name == "nt" or sys.platform == "darwin":
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def start_app(arguments: list[str]) -> int:
    if has_display():
        return subprocess.call([str(venv_python()), "-m", "gui", *arguments], cwd=ROOT)
    print("There is no display here, so Deepberth goes on in this terminal.\n", flush=True)
    return subprocess.call([str(venv_python()), "-m", "core", "walk", *arguments], cwd=ROOT)


# --- tests --------------------------------------------------------------------------------------


def run_tests(arguments: list[str]) -> int:
    """Every check, then every test; goes on after a failure so that one run shows them all.

    With arguments, only pytest with those arguments.
    """
    python = str(venv_python())
    pytest = [python, "-m", "pytest"]
    offscreen = dict(os.environ, QT_QPA_PLATFORM="offscreen")
    if arguments:
        return subprocess.call([*pytest, *arguments], cwd=ROOT, env=offscreen)
    stages = [
        ("ruff", [python, "-m", "ruff", "check", "."], offscreen),
        ("ruff format", [python, "-m", "ruff", "format", "--check", "."], offscreen),
        ("mypy", [python, "-m", "mypy"], offscreen),
        ("import-linter", [str(venv_python().parent / "lint-imports")], offscreen),
        ("parts of the bench", [python, "-m", "tests.bench", "prepare"], offscreen),
        ("unit tests", [*pytest, "tests/unit"], offscreen),
        ("contract tests, real engine and containers", [*pytest, "tests/contract"], offscreen),
        ("window tests", [*pytest, "tests/gui"], offscreen),
        ("end to end", [*pytest, "tests/e2e", "--ignore=tests/e2e/window"], offscreen),
        ("end to end, the real window", [*pytest, "tests/e2e/window"], offscreen),
        ("start-up beside an empty window", [python, "-m", "tests.benchmarks.start"], offscreen),
        (
            "memory estimates beside llama.cpp's own",
            [python, "-m", "tests.benchmarks.memory", "--short"],
            offscreen,
        ),
        ("speeds beside published runs", [python, "-m", "tests.benchmarks.speed"], offscreen),
        ("time of the advice", [python, "-m", "tests.benchmarks.advice"], offscreen),
    ]
    failed = []
    for name, step, environment in stages:
        print("\n=== " + name, flush=True)
        if subprocess.call(step, cwd=ROOT, env=environment):
            failed.append(name)
    print("\n=== " + ("failed: " + ", ".join(failed) if failed else "all passed"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
