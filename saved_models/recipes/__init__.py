"""How the corpora of the shipped models were assembled; not installed with the library."""
