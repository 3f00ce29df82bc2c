"""The rehearsal of a site: the whole day on invented candidates, drills, and a signed readiness record. Wiring like
`exam.home`: it takes rooms from the site (scheduling) and holds them as sessions of the exam day (exam.sittings).

Its candidates are invented on the spot and have no registration, its batch is in no list of batches: nothing of it can
come into counts, results, certificates or the platform, because everything there begins with a registration.
"""
