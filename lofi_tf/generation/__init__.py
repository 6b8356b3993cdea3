"""Everything a generator does, over any `Backend`: music goes in, music comes out."""

from lofi_tf.generation.choosing import sample_best
from lofi_tf.generation.drawing import (
    How,
    decode,
    prior,
    row_seeds,
    start_at_zero,
    window_seeds,
)
from lofi_tf.generation.extending import continue_
from lofi_tf.generation.grooves import add_hihats, check_fits, groove_transfer, humanize, tap2drum
from lofi_tf.generation.paths import grid, interpolate
from lofi_tf.generation.sampling import reconstruct, sample
from lofi_tf.generation.variations import vary
from lofi_tf.generation.windows import Excerpt, Passage, excerpts_of, joined, passage_of

__all__ = [
    "Excerpt", "How", "Passage", "add_hihats", "check_fits", "continue_", "decode", "excerpts_of",
    "grid", "groove_transfer", "humanize", "interpolate", "joined", "passage_of", "prior",
    "reconstruct", "row_seeds", "sample", "sample_best", "start_at_zero", "tap2drum", "vary",
    "window_seeds",
]  # fmt: skip
