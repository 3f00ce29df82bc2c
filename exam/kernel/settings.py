"""Settings: what differs between two installations, read once from the environment (twelve-factor style).

Variables: KAOWU_HOME (data folder, default ``.kaowu`` beside the tree), DATABASE_URL, KAOWU_BASE_URL
(the address printed into QR codes), KAOWU_HOST, KAOWU_PORT, KAOWU_SECURE_COOKIES, KAOWU_SIGNER_KEY and
KAOWU_SIGNER_CERTIFICATE (a real signing key instead of the demo one), KAOWU_KEYRING (a key ring elsewhere than in
the data folder, for several hosts), KAOWU_LEDGER_WITNESSES (a policy file that names the
witnesses of the ledger and their quorum), KAOWU_TSA_URL, KAOWU_TSA_ROOTS and KAOWU_TSA_CREDENTIALS (a time stamp
authority, the roots it must lead to, a file with user:password), KAOWU_PLATFORM_URL (an outside
registration platform instead of the built-in registry), KAOWU_PLATFORM_KEY (the key of the line to it) and
KAOWU_PLATFORM_PORT (where the built-in registry listens, default the port after the site's).
"""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

TREE = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One installation's settings; paths are absolute, the database address may be empty (embedded server)."""

    home: Path
    database_url: str = ""
    base_url: str = "http://127.0.0.1:8000"
    host: str = "127.0.0.1"
    port: int = 8000
    secure_cookies: bool = False
    signer_key: Path | None = None
    signer_certificate: Path | None = None
    keyring: Path | None = None
    store: str = ""
    ledger_witnesses: Path | None = None
    tsa_url: str = ""
    tsa_roots: Path | None = None
    tsa_credentials: Path | None = None
    platform_url: str = ""
    platform_key: str = ""
    platform_port: int = 0

    @property
    def keys(self) -> Path:
        """Folder of the installation's keys (mode 0700)."""
        return self.home / "keys"

    @property
    def ring(self) -> Path:
        """File that says where each signing key lives (certificates.keys)."""
        return self.keyring or self.keys / "ring.json"

    @property
    def files(self) -> Path:
        """Folder of the content-addressed file store."""
        return self.home / "files"

    @classmethod
    def load(cls) -> Self:
        """Read the settings from the environment."""
        env = os.environ
        home = Path(env.get("KAOWU_HOME") or TREE / ".kaowu").absolute()
        port = int(env.get("KAOWU_PORT") or 8000)
        host = env.get("KAOWU_HOST") or "127.0.0.1"
        base_url = (env.get("KAOWU_BASE_URL") or f"http://{host}:{port}").rstrip("/")
        return cls(
            home=home,
            database_url=env.get("DATABASE_URL", ""),
            base_url=base_url,
            host=host,
            port=port,
            secure_cookies=base_url.startswith("https://") or env.get("KAOWU_SECURE_COOKIES") == "1",
            signer_key=_path(env.get("KAOWU_SIGNER_KEY")),
            signer_certificate=_path(env.get("KAOWU_SIGNER_CERTIFICATE")),
            keyring=_path(env.get("KAOWU_KEYRING")),
            store=env.get("KAOWU_STORE", ""),
            ledger_witnesses=_path(env.get("KAOWU_LEDGER_WITNESSES")),
            tsa_url=env.get("KAOWU_TSA_URL", ""),
            tsa_roots=_path(env.get("KAOWU_TSA_ROOTS")),
            tsa_credentials=_path(env.get("KAOWU_TSA_CREDENTIALS")),
            platform_url=env.get("KAOWU_PLATFORM_URL", "").rstrip("/"),
            platform_key=env.get("KAOWU_PLATFORM_KEY", ""),
            platform_port=int(env.get("KAOWU_PLATFORM_PORT") or 0),
        )

    def with_database(self, url: str) -> Self:
        """Return the same settings with the address of a running database."""
        return replace(self, database_url=url)


def _path(text: str | None) -> Path | None:
    return Path(text).absolute() if text else None
