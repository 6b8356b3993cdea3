"""Encoders, decoders and heads of sequences."""
