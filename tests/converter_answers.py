"""Magenta's answers for made-up pieces and options that no shipped config uses.

`data/line_options.npz` and `data/ensemble_options.npz` hold `cases`, a JSON list of `{kind,
options, examples}`, and the serialized NoteSequences: of case i as `sequence|i`, or, where the case
names its `piece`, as `piece|<name>`. The pieces were drawn at random: changes of tempo and metre,
pedals, unsorted, overlapping and silent notes, notes of no length, drums among melodies, several
kits, basses and melodies, instruments out of range, gaps, odd or missing chords and keys.
`examples` are the digests of what Magenta 2.1.4's converters make of the piece (their cap on
examples off), those of lines sorted, none where it gives no example.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from lofi_tf.data.model_inputs.view import to_model
from lofi_tf.errors import NotConvertible
from lofi_tf.music.sequence_proto import NoteSequence

DATA = Path(__file__).parent / "data"
LINES = ("melody", "drums")
Case = tuple[str, dict[str, Any], NoteSequence, list[str]]


def cases() -> list[Case]:
    """Returns the kind, the options, the piece and Magenta's digests of every case."""
    found = []
    for name in ("line_options", "ensemble_options"):
        with np.load(DATA / f"{name}.npz") as stored:
            for index, case in enumerate(json.loads(stored["cases"].item())):
                key = f"piece|{case['piece']}" if "piece" in case else f"sequence|{index}"
                piece = NoteSequence.FromString(stored[key].tobytes())
                found.append((case["kind"], case["options"], piece, case["examples"]))
    return found


def digests(converter: Any, piece: NoteSequence) -> list[str]:
    """Returns the digests of our examples, none of a piece that is refused."""
    try:
        examples = list(converter.to_examples(piece))
    except NotConvertible:
        return []
    views = [to_model(converter, example, training=False) for example in examples]
    found = [_digest(converter, view) for view in views]
    return sorted(found) if converter.kind in LINES else found


def _digest(converter: Any, view: dict[str, Any]) -> str:
    """Returns the sha1 of what the model is fed, as bits, and of what is decoded of the targets.

    Of lines the inputs are among it, of others the chords that are written down.
    """
    of_line = converter.kind in LINES
    names = ("inputs", "targets", "controls") if of_line else ("targets", "controls")
    bits = [np.packbits(view[n].numpy() > 0).tobytes() if n in view else b"" for n in names]
    decoded = converter.from_outputs(view["targets"].numpy(), controls=view.get("controls"))
    notes = sorted(
        (n.start_time, n.pitch, n.velocity, n.end_time, n.instrument, n.program, n.is_drum)
        for n in decoded.notes
    )
    keys = [(k.time, k.key) for k in decoded.key_signatures]
    chords = [(c.time, c.text) for c in decoded.text_annotations]
    lengths = np.reshape(view["length"], -1).tolist()
    rest = (lengths, notes, chords, keys, decoded.total_time)
    if of_line:
        rest = (int(view["length"]), notes, decoded.total_time, keys)
    return hashlib.sha1(b"|".join([*bits, repr(rest).encode()])).hexdigest()[:16]
