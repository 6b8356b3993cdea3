"""Whole tracks: a plan, four parts that models play by it, and one piece."""
