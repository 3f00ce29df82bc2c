"""Kaowu's front door: sets everything up and starts it. Needs Python 3.11 or newer and nothing else.

    python3 run.py demo     set up, run a whole exam batch in an invented province, then serve it
    python3 run.py test     set up what checks need, then lint, types, import contracts and tests
    python3 run.py setup    set up only; can be repeated at any point and continues where it was cut
    python3 run.py serve    set up, then serve the pages (and work in the background)
    python3 run.py work     set up, then only work in the background

Further arguments go to the command behind the verb: `python3 run.py demo --candidates 2000 --seed 7`.

Everything lands in two folders beside this file: `.venv` (packages, unpacked libraries) and KAOWU_HOME (`.kaowu`:
database, keys, files, fonts). Each step leaves a stamp only when it is whole.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

TREE = Path(__file__).resolve().parent
VENV = TREE / ".venv"
HOME = Path(os.environ.get("KAOWU_HOME") or TREE / ".kaowu").absolute()
WINDOWS = sys.platform == "win32"
BIN = VENV / ("Scripts" if WINDOWS else "bin")
PYTHON = BIN / ("python.exe" if WINDOWS else "python")
NATIVE = VENV / "native"
"""Debian packages unpacked for a user who may not install any."""

PANGO = ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0")
DRIVER = "playwright-node"
SHELL = "chromium-headless-shell"
"""Chromium without its windows: a third less work for each page. Debian has it; elsewhere the whole browser does as well."""
TOOLS = {
    "chromium": SHELL,
    "pdfsig": "poppler-utils",
    "pdffonts": "poppler-utils",
    "qpdf": "qpdf",
    "mutool": "mupdf-tools",
    "openssl": "openssl",
    "softhsm2-util": "softhsm2",
    DRIVER: "libatomic1",
}
"""What tests call, and the Debian package that brings it; Playwright's own driver only lacks a library."""

HOMEBREW = {"poppler-utils": "poppler", "softhsm2": "softhsm", SHELL: "chromium"}
CHROMIUM_NAMES = (SHELL, "chromium", "chromium-browser", "google-chrome")


class Stopped(Exception):
    """Set-up cannot go on; the text says in one sentence what is missing."""


def main(arguments: Sequence[str]) -> int:
    """Run one verb and return its exit status."""
    verbs: dict[str, Callable[[Sequence[str]], int]] = {
        "demo": demo, "test": test, "setup": setup_only, "serve": serve, "work": work,
    }  # fmt: skip
    if not arguments or arguments[0] not in verbs:
        print(__doc__)
        return 0 if arguments[:1] in (["-h"], ["--help"], ["help"]) else 2
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError):
            stream.reconfigure(encoding="utf-8", errors="replace", line_buffering=True)  # type: ignore[union-attr]
    try:
        return verbs[arguments[0]](arguments[1:])
    except Stopped as stopped:
        print(f"✗ {stopped}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\n已停止；再次运行会从中断处继续。 Stopped; run it again and it continues.", file=sys.stderr)
        return 130


# ---------------------------------------------------------------------- verbs


def demo(arguments: Sequence[str]) -> int:
    """Set up, then hand over to ``kaowu demo``."""
    setup()
    return kaowu("demo", *arguments)


def serve(arguments: Sequence[str]) -> int:
    """Set up, then hand over to ``kaowu serve``."""
    setup()
    return kaowu("serve", *arguments)


def work(arguments: Sequence[str]) -> int:
    """Set up, then hand over to ``kaowu work``."""
    setup()
    return kaowu("work", *arguments)


def setup_only(arguments: Sequence[str]) -> int:
    """Set up and say so."""
    if arguments:
        raise Stopped("setup 不接受参数。 setup takes no arguments.")
    setup()
    print("✓ 已就绪：python3 run.py demo 或 python3 run.py serve   Ready.")
    return 0


def setup() -> None:
    """Bring everything to where Kaowu can run."""
    require_python()
    with one_at_a_time():
        install_packages("requirements.lock")
        install_pango()
        step("字体 fonts", prepare_fonts)
        step("数据库 database", migrate)


def test(arguments: Sequence[str]) -> int:
    """Set up for tests and run every check; pytest comes last and further arguments go to it."""
    require_python()
    with one_at_a_time():
        install_packages("requirements-test.lock")
        install_pango()
        step("字体 fonts", prepare_fonts)
        install_tools()
    checks = (
        ("ruff check", ["ruff", "check", "."]),
        ("ruff format", ["ruff", "format", "--check", "--quiet", "."]),
        ("mypy --strict", ["mypy", "--strict"]),
        ("import contracts", ["lint-imports", "--no-logo"]),
        # In one piece to each process, so that what a module sets up is set up once; whoever is done takes from the other.
        ("pytest", ["pytest", "-n", os.environ.get("KAOWU_TEST_PROCESSES", "2"), "--dist", "worksteal", *arguments]),
    )
    failed = [name for name, command in checks if not check(name, command)]
    if failed:
        print(f"✗ {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def check(name: str, command: Sequence[str]) -> bool:
    """Run one check with its output shown."""
    print(f"\n── {name}")
    return run([str(BIN / command[0]), *command[1:]], quiet=False, env=test_environment()) == 0


def kaowu(*arguments: str) -> int:
    """Become the ``kaowu`` command, so that signals reach it; on Windows run it."""
    environment = {**os.environ, "KAOWU_HOME": str(HOME), "PYTHONUTF8": "1"}
    command = [str(PYTHON), "-P", "-m", "exam", *arguments]
    sys.stdout.flush()
    if not WINDOWS:
        os.execve(command[0], command, environment)
    return subprocess.run(command, env=environment, check=False).returncode


# ---------------------------------------------------------------------- Python and its packages


def require_python() -> None:
    """Stop with a sentence where this Python cannot make a virtual environment."""
    if sys.version_info < (3, 11):  # noqa: UP036 - whoever starts this has whatever Python they have
        raise Stopped(f"需要 Python 3.11 以上，现在是 {sys.version.split()[0]}。 Python 3.11 or newer is needed.")
    try:
        __import__("ensurepip")
        __import__("venv")
    except ImportError:
        raise Stopped(
            "缺少 venv：请先安装 python3-venv（apt install python3-venv）。 Python's venv is missing: install python3-venv."
        ) from None


def install_packages(lock: str) -> None:
    """Make the virtual environment and install exactly what the lock names, checked by hash."""
    wanted = digest(TREE / lock)
    cut = VENV / "installing"
    # A cut installation may have left half a package that looks whole; a moved tree has wrong paths in its scripts.
    if cut.exists() or not usable(PYTHON) or read(VENV / "tree") not in ("", str(TREE)):
        step("Python 环境 environment", make_environment)
    if read(VENV / f"{lock}.stamp") != wanted:
        cut.touch()
        step(f"依赖包 packages ({lock})", lambda: pip_install(lock))
        (VENV / f"{lock}.stamp").write_text(wanted, "utf-8")
        cut.unlink()
    link_tree()


def make_environment() -> None:
    """Make an empty virtual environment in place of what is there."""
    must(
        [sys.executable, "-m", "venv", "--clear", str(VENV)], "不能创建 .venv。 The virtual environment cannot be made"
    )


def pip_install(lock: str) -> None:
    """Install a lock; the index is whatever this machine's pip is configured for."""
    must(
        [
            str(PYTHON), "-m", "pip", "install", "--require-hashes", "--only-binary=:all:", "--no-input",
            "--disable-pip-version-check", "--quiet", "--retries", "10", "-r", str(TREE / lock),
        ],
        "依赖包没有装好：请检查网络或 pip 的镜像设置，然后再运行一次。 "
        "Packages could not be installed: check the network or pip's index, then run again",
    )  # fmt: skip


def link_tree() -> None:
    """Make the tree importable in the environment, and put the ``kaowu`` command there."""
    write(site_packages() / "kaowu.pth", f"{TREE}\n")
    if WINDOWS:
        write(BIN / "kaowu.cmd", f'@"{PYTHON}" -X utf8 -P -m exam %*\n')
    else:
        write(BIN / "kaowu", f'#!/bin/sh\nexec "{PYTHON}" -P -m exam "$@"\n', mode=0o755)
    write(VENV / "tree", str(TREE))


def usable(python: Path) -> bool:
    """Whether the environment's Python starts, has pip and is new enough."""
    probe = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    return python.exists() and run([str(python), "-c", probe]) == 0


def site_packages() -> Path:
    """Return where the environment keeps its packages."""
    probe = "import sysconfig; print(sysconfig.get_path('purelib'))"
    return Path(subprocess.run([str(PYTHON), "-c", probe], capture_output=True, text=True, check=True).stdout.strip())


# ---------------------------------------------------------------------- Pango, Chromium and other system packages


def install_pango() -> None:
    """Bring the libraries that set type: from the system, or unpacked into the environment."""
    if pango_loads():
        return
    step("Pango", bring_pango)
    if not pango_loads():
        raise Stopped(f"Pango 不能加载，需要 {', '.join(PANGO)}。 Pango does not load; it needs these libraries.")


def pango_loads() -> bool:
    """Whether WeasyPrint finds everything it draws with."""
    probe = "import weasyprint.text.ffi as f, sys; sys.exit(f.harfbuzz_subset is None)"
    return run([str(PYTHON), "-W", "ignore", "-c", probe]) == 0


def bring_pango() -> None:
    """Install Pango the way this system does it."""
    if sys.platform == "darwin":
        brew("pango")
    elif WINDOWS:
        raise Stopped(
            "缺少 Pango：请安装 MSYS2，运行 pacman -S mingw-w64-x86_64-pango，并把 WEASYPRINT_DLL_DIRECTORIES 设为 "
            "C:\\msys64\\mingw64\\bin。 Pango is missing: install it with MSYS2 and set WEASYPRINT_DLL_DIRECTORIES."
        )
    elif not shutil.which("apt-get"):
        raise Stopped(
            f"请用本系统的包管理器安装 {', '.join(PANGO)}。 Install these libraries with your package manager."
        )
    elif os.geteuid() == 0:
        apt_install(*PANGO)
    else:
        unpack("pango", *PANGO)
        preload("pango")


def install_tools() -> None:
    """Bring Chromium and the PDF tools that tests call, and write the wrapper tests start Chromium with."""
    missing = [name for name in TOOLS if not find_tool(name)]
    if missing:
        packages = sorted({TOOLS[name] for name in TOOLS if not on_system(name)})
        step(f"测试工具 test tools ({', '.join(packages)})", lambda: bring_tools(packages))
    still = [name for name in TOOLS if not find_tool(name)]
    if still:
        raise Stopped(f"测试还需要 {', '.join(still)}。 Tests also need these programs.")
    write_wrappers()


def bring_tools(packages: Sequence[str]) -> None:
    """Install the packages the way this system does it."""
    if sys.platform == "darwin":
        brew(*(HOMEBREW.get(name, name) for name in packages))
    elif WINDOWS or not shutil.which("apt-get"):
        raise Stopped(
            f"请先安装 {', '.join(packages)}（Chromium 也可以用 KAOWU_CHROMIUM 指定）。 "
            "Install these; KAOWU_CHROMIUM may name another Chromium."
        )
    else:
        bring: Callable[..., None] = apt_install if os.geteuid() == 0 else functools.partial(unpack, "tools")
        try:
            bring(*packages)
        except Stopped:
            if SHELL not in packages:
                raise
            bring(*("chromium" if name == SHELL else name for name in packages))


def find_tool(name: str) -> str:
    """Return the path of a program: configured, installed, or unpacked by us; empty where there is none."""
    return on_system(name) or unpacked(name)


def on_system(name: str) -> str:
    """Return the path of a program that runs without our help."""
    if name == DRIVER:
        return str(driver()) if run([str(driver()), "--version"]) == 0 else ""
    if name == "chromium":
        mac = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
        installed = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), "")
        return os.environ.get("KAOWU_CHROMIUM", "") or installed or (mac if Path(mac).exists() else "")
    return shutil.which(name) or ""


def unpacked(name: str) -> str:
    """Return the path of a program that runs with libraries we unpacked."""
    tools = NATIVE / "tools" / "usr"
    if name == DRIVER:
        return str(driver()) if any(tools.glob("lib/*/libatomic.so.1")) else ""
    places = [f"lib/chromium/{one}" for one in (SHELL, "chromium")] if name == "chromium" else [f"bin/{name}"]
    return next((str(tools / place) for place in places if (tools / place).exists()), "")


def driver() -> Path:
    """Return where Playwright keeps its Node.js."""
    return site_packages() / "playwright" / "driver" / ("node.exe" if WINDOWS else "node")


def write_wrappers() -> None:
    """Write the scripts that tests start: they find unpacked libraries and, where the system has no fonts, ours."""
    if WINDOWS or sys.platform == "darwin":
        return
    fonts = NATIVE / "fonts.conf"
    write(
        fonts,
        '<?xml version="1.0"?>\n<!DOCTYPE fontconfig SYSTEM "fonts.dtd">\n<fontconfig>\n'
        f'  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>\n  <dir>{HOME / "fonts"}</dir>\n'
        f"  <cachedir>{HOME / 'fonts' / 'cache'}</cachedir>\n</fontconfig>\n",
    )
    libraries = ":".join(map(str, library_folders("tools")))
    for name in TOOLS:
        if name != "chromium" and on_system(name):
            continue
        lines = ["#!/bin/sh", f'export FONTCONFIG_FILE="{fonts}"']
        if not on_system(name):
            lines.append(f'export LD_LIBRARY_PATH="{libraries}:$LD_LIBRARY_PATH"')
        option = "--disable-dev-shm-usage " if name == "chromium" else ""
        lines.append(f'exec "{find_tool(name)}" {option}"$@"')
        write(NATIVE / "bin" / name, "\n".join(lines) + "\n", mode=0o755)


def test_environment() -> dict[str, str]:
    """Return the environment of the checks."""
    ours = {**os.environ, "PYTHONUTF8": "1"}
    ours["PATH"] = os.pathsep.join([str(NATIVE / "bin"), str(BIN), os.environ.get("PATH", "")])
    chromium = NATIVE / "bin" / "chromium"
    ours["KAOWU_CHROMIUM"] = str(chromium) if chromium.exists() else find_tool("chromium")
    if (NATIVE / "bin" / DRIVER).exists():
        ours["PLAYWRIGHT_NODEJS_PATH"] = str(NATIVE / "bin" / DRIVER)
    return ours


def apt_install(*packages: str) -> None:
    """Install Debian packages as root, refreshing the lists when they are not known yet."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "-o", "DPkg::Lock::Timeout=300", "install", "-y", "--no-install-recommends", *packages]
    if run(install, env=environment) != 0:
        run(["apt-get", "-o", "DPkg::Lock::Timeout=300", "update"], env=environment)
        must(install, f"apt 没有装上 {', '.join(packages)}。 apt could not install them", env=environment)


def brew(*packages: str) -> None:
    """Install packages on macOS."""
    if not shutil.which("brew"):
        raise Stopped(f"请先安装 Homebrew，再运行 brew install {' '.join(packages)}。 Install Homebrew first.")
    must(["brew", "install", *packages], "brew 安装失败。 brew failed")


def unpack(name: str, *packages: str) -> None:
    """Download packages and all they need that is not installed, and unpack them without installing: no root needed."""
    fresh = NATIVE / f"{name}.new"
    shutil.rmtree(fresh, ignore_errors=True)
    for folder in ("apt/lists/partial", "apt/cache/archives/partial", "debs"):
        (fresh / folder).mkdir(parents=True)
    apt = [
        "apt-get", "-o", f"Dir::State={fresh / 'apt'}", "-o", f"Dir::Cache={fresh / 'apt' / 'cache'}",
        "-o", "Dir::State::status=/var/lib/dpkg/status", "-o", "Debug::NoLocking=1", "-o", "Acquire::Languages=none",
    ]  # fmt: skip
    reason = f"没有取得 {', '.join(packages)}：请管理员运行 apt install {' '.join(packages)}。 Ask an administrator to install them"
    must([*apt, "update"], reason)
    plan = must([*apt, "--simulate", "--no-install-recommends", "install", *packages], reason)
    needed = [line.split()[1] for line in plan.splitlines() if line.startswith("Inst ")]
    must([*apt, "download", *needed], reason, cwd=fresh / "debs")
    for package in sorted((fresh / "debs").glob("*.deb")):
        must(["dpkg-deb", "-x", str(package), str(fresh)], reason)
    for folder in ("apt", "debs"):
        shutil.rmtree(fresh / folder)
    shutil.rmtree(NATIVE / name, ignore_errors=True)
    fresh.rename(NATIVE / name)


def library_folders(name: str) -> list[Path]:
    """Return the folders of an unpacked set that hold shared libraries."""
    found = {
        path.parent
        for pattern in ("usr/lib/*-linux-*/**/*.so*", "lib/*-linux-*/*.so*")
        for path in (NATIVE / name).glob(pattern)
    }
    return sorted(found)


def preload(name: str) -> None:
    """Have the environment's Python load the unpacked libraries at its start, each after those it needs.

    The loader then finds them by name, in this process and in every child; no LD_LIBRARY_PATH has to be remembered.
    Their symbols stay local: other packages bring a HarfBuzz of their own.
    """
    libraries = [str(path) for folder in library_folders(name) for path in sorted(folder.glob("lib*.so.*"))]
    probe = (
        "import ctypes, json, sys\n"
        "left, order, before = json.load(sys.stdin), [], None\n"
        "while left and len(left) != before:\n"
        "    before = len(left)\n"
        "    for path in list(left):\n"
        "        try: ctypes.CDLL(path)\n"
        "        except OSError: continue\n"
        "        order.append(path); left.remove(path)\n"
        "print(json.dumps(order))"
    )
    done = subprocess.run(
        [str(PYTHON), "-c", probe], input=json.dumps(libraries), capture_output=True, text=True, check=True
    )
    site = site_packages()
    write(
        site / "kaowu_native.py",
        '"""Loads the libraries that were unpacked beside this environment. Written by run.py."""\n\n'
        f"import ctypes\n\nfor path in {json.loads(done.stdout)!r}:\n    ctypes.CDLL(path)\n",
    )
    write(site / "kaowu_native.pth", "import kaowu_native\n")


# ---------------------------------------------------------------------- Kaowu's own preparations


def prepare_fonts() -> None:
    """Convert the fonts of printed documents once."""
    program = "import sys, pathlib; from exam.kernel.fonts import prepare; prepare(pathlib.Path(sys.argv[1]))"
    must([str(PYTHON), "-c", program, str(HOME)], "字体没有准备好。 The fonts could not be prepared")


def migrate() -> None:
    """Start the database and bring it to the newest structure."""
    must([str(PYTHON), "-P", "-m", "exam", "migrate"], "数据库没有准备好。 The database could not be prepared")


# ---------------------------------------------------------------------- small tools


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Let one set-up of this tree run at a time."""
    # Standard library only; imported late, for an older Python cannot read it.
    from exam.kernel.locks import exclusive, release, try_exclusive

    path = TREE / ".setup.lock"
    if free := try_exclusive(path):
        release(free)
    else:
        print("· 另一个安装过程正在运行，等它结束 … waiting for another set-up", flush=True)
    with exclusive(path) as lock:
        # What we start holds the lock as well: a killed set-up may leave pip behind, still writing.
        os.set_inheritable(lock.fileno(), True)
        yield


def step(name: str, do: Callable[[], None]) -> None:
    """Do one step and say how long it took."""
    print(f"· {name} …", end="", flush=True)
    began = time.monotonic()
    try:
        do()
    except BaseException:
        print()
        raise
    print(f" {time.monotonic() - began:.1f} s")


def must(command: Sequence[str], reason: str, *, env: dict[str, str] | None = None, cwd: Path | None = None) -> str:
    """Run a command, return what it printed, and stop with the reason and its last lines when it fails."""
    done = subprocess.run(
        command, close_fds=False, env=env or {**os.environ, "KAOWU_HOME": str(HOME), "PYTHONUTF8": "1"}, cwd=cwd or TREE, check=False,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8",
        errors="replace",
    )  # fmt: skip
    if done.returncode != 0:
        tail = "\n  ".join(done.stdout.strip().splitlines()[-6:])
        raise Stopped(f"{reason}:\n  {tail}")
    return done.stdout


def run(command: Sequence[str], *, quiet: bool = True, env: dict[str, str] | None = None) -> int:
    """Run a command and return its exit status."""
    out = subprocess.DEVNULL if quiet else None
    sys.stdout.flush()
    return subprocess.run(command, env=env, cwd=TREE, stdout=out, stderr=out, check=False).returncode


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read(path: Path) -> str:
    """Return a small file's text, empty where it is missing."""
    try:
        return path.read_text("utf-8")
    except OSError:
        return ""


def write(path: Path, text: str, *, mode: int = 0o644) -> None:
    """Write a small file whole, unless it already says so."""
    if read(path) == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.write_text(text, "utf-8")
    fresh.chmod(mode)
    fresh.replace(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
