"""Beam pipelines that turn folders of music into records."""
