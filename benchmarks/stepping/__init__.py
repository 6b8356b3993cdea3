"""Training steps on demand, ours and those of rivals, each in a process of its own."""
