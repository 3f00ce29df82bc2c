"""What the nightly check does.

reading   what the database says of stored certificates, and what their files say
running   a run begins, notes what it read, ends
"""

from certificates.nightly.actions.reading import compare, expected_of, ledger_findings
from certificates.nightly.actions.running import NIGHTLY_JOB, ask, begin, end, note

__all__ = ["NIGHTLY_JOB", "ask", "begin", "compare", "end", "expected_of", "ledger_findings", "note"]
