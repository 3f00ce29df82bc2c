"""Archive: copies of issued certificates that can still be judged when the keys and authorities of today are long gone."""
