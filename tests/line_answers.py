"""Magenta's answers for made-up pieces and options that no shipped config uses.

`data/line_options.npz` holds `cases`, a JSON list of `{kind, options, examples}`, and the
serialized NoteSequence of case i as `sequence|i`. The pieces were drawn at random: changes of tempo
and metre, unsorted, overlapping and silent notes, drums among melodies, gaps, odd chords.
`examples` are the sorted digests of what Magenta 2.1.4's OneHotMelodyConverter or DrumsConverter
makes of the piece (its cap on examples off), none where it gives no example; see `digest`.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from lofi_tf.data.model_inputs.view import to_model
from lofi_tf.errors import NotConvertible
from lofi_tf.music.sequence_proto import NoteSequence

PATH = Path(__file__).parent / "data" / "line_options.npz"


def cases(kind: str) -> list[tuple[dict[str, Any], NoteSequence, list[str]]]:
    """Returns the options, the piece and Magenta's digests of every case of a kind."""
    with np.load(PATH) as stored:
        found = enumerate(json.loads(stored["cases"].item()))
        return [
            (
                case["options"],
                NoteSequence.FromString(stored[f"sequence|{index}"].tobytes()),
                case["examples"],
            )
            for index, case in found
            if case["kind"] == kind
        ]


def digests(converter: Any, piece: NoteSequence) -> list[str]:
    """Returns the sorted digests of our examples, none of a piece that is refused."""
    try:
        examples = list(converter.to_examples(piece))
    except NotConvertible:
        return []
    views = [to_model(converter, example, training=False) for example in examples]
    return sorted(digest(converter, view) for view in views)


def digest(converter: Any, view: dict[str, Any]) -> str:
    """Returns the sha1 of the bits of inputs, outputs, controls, then length, notes and keys."""
    names = ("inputs", "targets", "controls")
    bits = [np.packbits(view[n].numpy() > 0).tobytes() if n in view else b"" for n in names]
    decoded = converter.from_outputs(view["targets"].numpy(), controls=view.get("controls"))
    notes = sorted(
        (n.start_time, n.pitch, n.velocity, n.end_time, n.instrument, n.program, n.is_drum)
        for n in decoded.notes
    )
    keys = [(k.time, k.key) for k in decoded.key_signatures]
    rest = (int(view["length"]), notes, decoded.total_time, keys)
    return hashlib.sha1(b"|".join([*bits, repr(rest).encode()])).hexdigest()[:16]
