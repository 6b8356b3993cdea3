"""A run: its folder, its data, its steps and what is measured on the way."""
