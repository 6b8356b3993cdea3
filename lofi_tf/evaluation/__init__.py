"""What `lofi_evaluate` measures: numbers of a trained model on music that it never learned from."""
