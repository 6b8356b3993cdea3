"""Stored arrays to what a model is fed, in TensorFlow operations."""
