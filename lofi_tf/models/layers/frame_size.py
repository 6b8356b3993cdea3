"""How long a frame of a continuation is, told without TensorFlow."""

import math
from collections.abc import Mapping
from typing import Any

STRIDES = (3, 5, 7, 10)  # Deep LoFi Beats'
LAPPED_SIZE = 150  # coefficients of a frame where nothing else is asked for


def frame_size_of(encoder: Mapping[str, Any]) -> int:
    """Returns the samples of a frame, of a continuation's encoder as its config has it."""
    if encoder["kind"] == "linear_frames":
        return encoder.get("frame_size", 1)
    if encoder["kind"] == "lapped_frames":
        return encoder.get("frame_size", LAPPED_SIZE)
    return math.prod(encoder.get("strides", STRIDES))
