"""Models of sound and of notes with one latent space."""
