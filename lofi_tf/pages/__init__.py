"""A finished piece to look at."""

from lofi_tf.pages.picture import track_picture

__all__ = ["track_picture"]
