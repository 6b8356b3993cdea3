"""Everything a generator does, over any `Backend`: music goes in, music comes out."""

from lofi_tf.generation.chunks import (
    ChunkedSequence,
    ModelInputs,
    excerpts_of,
    join_chunks,
    passage_of,
)
from lofi_tf.generation.continuation import continue_
from lofi_tf.generation.decoding import (
    GenerationConfig,
    decode,
    prior,
    row_seeds,
    window_seeds,
)
from lofi_tf.generation.grooves import add_hihats, check_fits, groove_transfer, humanize, tap2drum
from lofi_tf.generation.infilling import infill
from lofi_tf.generation.loops import as_loop, finished, from_zero
from lofi_tf.generation.paths import grid, interpolate
from lofi_tf.generation.rerank import sample_best
from lofi_tf.generation.sampling import reconstruct, sample
from lofi_tf.generation.song_changes import change_song, how_of_stretch
from lofi_tf.generation.song_modes import changed_song
from lofi_tf.generation.variations import vary

__all__ = [
    "ChunkedSequence", "GenerationConfig", "ModelInputs", "add_hihats", "as_loop", "change_song",
    "changed_song", "check_fits", "continue_", "decode", "excerpts_of", "finished", "from_zero",
    "grid", "groove_transfer", "how_of_stretch", "humanize", "infill", "interpolate", "join_chunks",
    "passage_of", "prior", "reconstruct", "row_seeds", "sample", "sample_best", "tap2drum",
    "vary", "window_seeds",
]  # fmt: skip
