"""Checkpoints, exports and their cards; where models are found."""
