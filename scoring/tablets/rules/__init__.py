"""devices   what a tablet sends and how it proves that it is itself
events    the chain: hashes, gaps
folding   what the events of a sheet come to
ledger    what is expected, confirmed, missing
slips     the short checksum on paper
"""
