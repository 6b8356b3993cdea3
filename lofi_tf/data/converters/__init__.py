"""Music to arrays and back: a file a kind, numpy alone."""
