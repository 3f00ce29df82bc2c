"""Checks a certificate's entry in the ledger with nothing of Kaowu: python check_ledger.py FOLDER POLICY [TILES]

FOLDER holds `ledger-record.json` and `ledger-proof.txt`, taken out of the PDF (`pdfdetach -saveall -o FOLDER certificate.pdf`).
POLICY is the file at <site>/ledger/policy, from a source you trust. TILES, if given, is <site>/ledger or a copy of it: then the
published entry is read too. Written from docs/formats/ledger.md, RFC 6962, RFC 8785 and the C2SP formats; needs `cryptography`.
"""

import base64
import hashlib
import hmac
import json
import sys
import urllib.request
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def canonical(value: object) -> bytes:
    """RFC 8785 for what a record holds: strings, whole numbers, true and false, null, lists, objects with ASCII names."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def opened(folder: Path) -> tuple[bytes, dict[str, Any]]:
    """The entry, if it commits to the record that lies beside it."""
    file = json.loads((folder / "ledger-record.json").read_bytes())
    entry = base64.b64decode(file["entry"])
    said = json.loads(entry)
    body = canonical({"at": said["at"], "event": said["event"], "record": file["record"]})
    commitment = hmac.new(bytes.fromhex(file["salt"]), body, hashlib.sha256).hexdigest()
    if commitment != said["commitment"]:
        sys.exit("the entry commits to another record")
    return entry, file["record"]


def root_of(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes | None:
    """RFC 9162 2.1.3.2: where an audit path leads."""
    at, last = index, size - 1
    if not 0 <= at <= last:
        return None
    for one in path:
        if last == 0:
            return None
        if at & 1 or at == last:
            leaf = hashlib.sha256(b"\x01" + one + leaf).digest()
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            leaf = hashlib.sha256(b"\x01" + leaf + one).digest()
        at, last = at >> 1, last >> 1
    return leaf if last == 0 else None


def signed_by(note: str, vkeys: list[str]) -> set[str]:
    """The names of the keys (C2SP signed-note, tlog-cosignature) that signed a note."""
    text, _, lines = note.rpartition("\n\n")
    text += "\n"
    names: set[str] = set()
    for vkey in vkeys:
        name, id, key = vkey.split("+", 2)
        kind, public = base64.b64decode(key)[0], Ed25519PublicKey.from_public_bytes(base64.b64decode(key)[1:])
        for line in lines.splitlines():
            value = base64.b64decode(line.split()[-1])
            if line.startswith(f"— {name} ") and value[:4].hex() == id:
                time = int.from_bytes(value[4:12], "big")
                head = f"cosignature/v1\ntime {time}\n" if kind == 4 else ""
                public.verify(value[12:] if kind == 4 else value[4:], (head + text).encode())  # raises
                names.add(vkey)
    return names


def quorum_met(policy: list[list[str]], signed: set[str]) -> bool:
    """C2SP tlog-policy: whether the witnesses that signed are enough."""
    reached = {"none"}
    for words in policy:
        if words[0] == "witness" and words[2] in signed:
            reached.add(words[1])
        if words[0] == "group":
            least = {"any": 1, "all": len(words[3:])}.get(words[2]) or int(words[2])
            if sum(one in reached for one in words[3:]) >= least:
                reached.add(words[1])
        if words[0] == "quorum" and words[1] not in reached:
            return False
    return True


def published(tiles: str, index: int, size: int) -> bytes:
    """The bytes of an entry as the log publishes them (C2SP tlog-tiles)."""
    number, place = divmod(index, 256)
    width = min(256, size - number * 256)
    digits = f"{number:03d}".zfill(-(-len(f"{number:03d}") // 3) * 3)
    parts = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    name = "tile/entries/" + "/".join([*("x" + one for one in parts[:-1]), parts[-1]])
    name += "" if width == 256 else f".p/{width}"
    if tiles.startswith("http"):
        with urllib.request.urlopen(f"{tiles}/{name}") as answer:
            data: bytes = answer.read()
    else:
        data = (Path(tiles) / name).read_bytes()
    for _ in range(place):
        data = data[2 + int.from_bytes(data[:2], "big") :]
    return data[2 : 2 + int.from_bytes(data[:2], "big")]


def main(folder: str, policy_file: str, tiles: str = "") -> None:
    entry, record = opened(Path(folder))
    head, _, checkpoint = (Path(folder) / "ledger-proof.txt").read_text("utf-8").partition("\n\n")
    lines = [line for line in head.split("\n") if not line.startswith("extra ")]
    index, path = int(lines[1].removeprefix("index ")), [base64.b64decode(one) for one in lines[2:]]
    origin, size, root = checkpoint.split("\n")[:3]
    if root_of(hashlib.sha256(b"\x00" + entry).digest(), index, int(size), path) != base64.b64decode(root):
        sys.exit("the proof leads to another root")
    rows = [line.split() for line in Path(policy_file).read_text("utf-8").splitlines()]
    policy = [words for words in rows if words and not words[0].startswith("#")]
    logs = [words[1] for words in policy if words[0] == "log" and words[1].startswith(origin + "+")]
    if not signed_by(checkpoint, logs):
        sys.exit("the log did not sign this checkpoint")
    if not quorum_met(policy, signed_by(checkpoint, [words[2] for words in policy if words[0] == "witness"])):
        sys.exit("too few witnesses cosigned this checkpoint")
    if tiles and published(tiles, index, int(size)) != entry:
        sys.exit("the log publishes another entry in this place")
    said = f"entry {index} of {size}: {record['number']} version {record['version']}, {json.loads(entry)['event']}"
    sys.stdout.write(said + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
