"""Audio: files, clips, loudness and features; no models and no TensorFlow."""
