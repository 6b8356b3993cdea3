"""The studio: a page on this machine that plays the models, and the server behind it."""
