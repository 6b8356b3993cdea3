"""What can encode and decode, wherever it runs."""
