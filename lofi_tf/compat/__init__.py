"""Readers of other systems' files: checkpoints and settings."""
