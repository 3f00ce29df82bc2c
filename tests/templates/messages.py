"""Which Chinese messages the tree shows and which of them have no English yet; also a command for whoever writes pages.

    python -m tests.templates.messages [exam_accounts ...]

prints what is missing, per catalogue, as ready .po entries.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.extract import extract
from jinja2 import nodes
from jinja2.ext import extract_from_ast

from exam.kernel.i18n import catalogue
from exam.kernel.pages import environment
from exam.kernel.settings import TREE

KEYWORDS = dict.fromkeys(("_", "N_", "gettext", "translate"))
PACKAGES = ("exam", "scheduling", "scoring", "certificates")


@dataclass(frozen=True)
class Message:
    """A message and the first place it stands."""

    text: str
    path: Path
    line: int

    @property
    def catalogue(self) -> str:
        """The .po file that owns the place: ``<package>_<folder>``, ``layout`` or ``<package>``."""
        parts = self.path.parts
        if parts[:2] == ("templates", "pages"):
            return "_".join(parts[2:4])
        if parts[0] == "templates":
            return parts[1]
        return "_".join(parts[:2]) if len(parts) > 2 else f"{parts[0]}_{self.path.stem}"


def messages() -> Iterator[Message]:
    """Every message of the Python packages and of the templates."""
    for package in PACKAGES:
        for path in sorted((TREE / package).rglob("*.py")):
            yield from of_python(path)
    for path in sorted((TREE / "templates").rglob("*.html")):
        yield from of_template(path)


def of_python(path: Path) -> Iterator[Message]:
    """The messages of one module."""
    with path.open("rb") as file:
        for line, text, _, _ in extract("python", file, keywords=KEYWORDS):
            if isinstance(text, str):
                yield Message(text, path.relative_to(TREE), line)


def of_template(path: Path) -> Iterator[Message]:
    """The messages of one template."""
    tree: nodes.Template = environment().parse(path.read_text(encoding="utf-8"))
    for line, _, found in extract_from_ast(tree, gettext_functions=tuple(KEYWORDS)):
        text = found[0] if isinstance(found, tuple) else found  # a tuple where facts are passed with it
        if isinstance(text, str):
            yield Message(text, path.relative_to(TREE), line)


def chinese(text: str) -> bool:
    """Say whether there is anything to translate."""
    return any("一" <= character <= "鿿" for character in text)


def missing() -> dict[str, list[Message]]:
    """Return, per catalogue, the messages without English, each once."""
    english = catalogue("en")
    found: dict[str, dict[str, Message]] = {}
    for message in messages():
        if chinese(message.text) and message.text not in english:
            found.setdefault(message.catalogue, {}).setdefault(message.text, message)
    return {name: list(ones.values()) for name, ones in sorted(found.items())}


def main(wanted: list[str]) -> int:
    """Print the missing messages as .po entries."""
    lacking = {name: ones for name, ones in missing().items() if not wanted or name in wanted}
    for name, ones in lacking.items():
        print(f"# {name}.po: {len(ones)}")
        for message in ones:
            text = message.text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
            print(f'#: {message.path}:{message.line}\nmsgid "{text}"\nmsgstr ""\n')
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
