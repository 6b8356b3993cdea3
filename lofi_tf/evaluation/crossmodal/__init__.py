"""Models of sound and notes on held-out notes, beside baselines."""
