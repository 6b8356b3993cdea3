"""Side-by-side measurements; results in RESULTS.md."""
