"""What the options of several kinds of music may be; see `lofi_tf.settings`."""

from typing import Annotated, Literal

from lofi_tf.settings import Bounds, Fits

Pitch = Annotated[int, Bounds(0, 127)]
Probability = Annotated[float, Bounds(0, 1)]
Mode = Literal["train", "eval", "infer"]
ChordEncoding = Literal["triad"]
Programs = tuple[Annotated[int, Bounds(0, 127)], ...]
TransposeRange = Annotated[
    tuple[int, int],
    Fits(
        "[lowest, highest] half steps within -127 to 127",
        lambda pair: len(pair) == 2 and -127 <= pair[0] <= pair[1] <= 127,
    ),
]
StretchRange = Annotated[
    tuple[float, float],
    Fits(
        "[least, largest] factor above 0",
        lambda pair: len(pair) == 2 and 0 < pair[0] <= pair[1] < float("inf"),
    ),
]
