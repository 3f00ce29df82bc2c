"""A server collects its garbage in steps that no reader notices."""

import gc

from exam.serving import SMALL_COLLECTION, collect_in_small_steps


def test_a_collection_is_small() -> None:
    """What was loaded is not looked at again, and a step begins after few new objects."""
    before = gc.get_threshold()
    try:
        collect_in_small_steps()
        assert gc.get_freeze_count() > 0
        assert gc.get_threshold()[0] == SMALL_COLLECTION < 5_000
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
