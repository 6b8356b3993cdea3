"""The front door: what `import lofi_tf` gives, thin over the rooms below it."""
