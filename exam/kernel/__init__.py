"""Tools that know no exam word: settings, clock, ids, errors, database, audit, jobs, pages, PDF."""
