"""Commands: flags in, one library call, an exit code out."""
