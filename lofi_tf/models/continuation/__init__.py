"""Models that go on with a sound."""
