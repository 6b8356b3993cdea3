"""`lofi_studio`: a page on this machine where all that the models do is pressed, heard and kept."""
