"""A finished piece to look at, and a map of a latent to explore."""

from lofi_tf.html.page import map_page, track_page
from lofi_tf.html.picture import track_picture

__all__ = ["map_page", "track_page", "track_picture"]
