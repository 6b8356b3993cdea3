"""Notes, chords, drums, time; the files they stand in."""
