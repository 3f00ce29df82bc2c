"""The same tree again: one test module for each module, and the contracts that hold the tree together."""
