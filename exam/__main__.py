"""``python -m exam`` and the ``kaowu`` command."""

import sys

from exam.cli import main as _main


def main() -> None:
    """Run the command line and end with its status."""
    sys.exit(_main(sys.argv[1:]))


if __name__ == "__main__":
    main()
