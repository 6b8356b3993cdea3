"""Keras models: encoders, latents, decoders, heads and the VAE that joins them."""
