"""A finished piece to look at."""

from lofi_tf.pages.page import track_page
from lofi_tf.pages.picture import track_picture

__all__ = ["track_page", "track_picture"]
