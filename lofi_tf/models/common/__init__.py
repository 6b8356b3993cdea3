"""What every kind of model shares: latents, losses, the optimiser, a step, named functions."""
