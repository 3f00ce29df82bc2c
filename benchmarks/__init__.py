"""Measurements that anyone can repeat: ratios against a named baseline in the same run, generators with seeds, nothing fetched."""
