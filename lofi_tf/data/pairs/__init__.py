"""Notes with their sound."""
