"""Magenta's answers for made-up pieces of several instruments, and options that no config uses.

`data/ensemble_options.npz` holds `cases`, a JSON list of `{kind, options, piece, examples}`, and
the serialized NoteSequences as `piece|<name>`. The pieces were drawn at random: changes of tempo
and metre, pedals, overlapping notes of a pitch, notes of no length, several kits, basses and
melodies, instruments out of range, missing chords and keys. `examples` are the digests of what
Magenta 2.1.4's MultiInstrumentPerformanceConverter or TrioConverter makes of the piece, in order;
see `digest`.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from lofi_tf.data.model_inputs.view import to_model
from lofi_tf.errors import NotConvertible
from lofi_tf.music.sequence_proto import NoteSequence

PATH = Path(__file__).parent / "data" / "ensemble_options.npz"


def cases(kind: str) -> list[tuple[dict[str, Any], NoteSequence, list[str]]]:
    """Returns the options, the piece and Magenta's digests of every case of a kind."""
    with np.load(PATH) as stored:
        return [
            (
                case["options"],
                NoteSequence.FromString(stored[f"piece|{case['piece']}"].tobytes()),
                case["examples"],
            )
            for case in json.loads(stored["cases"].item())
            if case["kind"] == kind
        ]


def digests(converter: Any, piece: NoteSequence) -> list[str]:
    """Returns the digests of our examples, none of a piece that is refused."""
    try:
        examples = list(converter.to_examples(piece))
    except NotConvertible:
        return []
    found = []
    for example in examples:
        view = to_model(converter, example, training=False)
        targets, controls = view["targets"].numpy(), view.get("controls", np.zeros(0))
        decoded = converter.from_outputs(targets, controls=view.get("controls"))
        found.append(digest(targets, np.asarray(controls), view["length"].numpy(), decoded))
    return found


def digest(
    targets: np.ndarray, controls: np.ndarray, length: np.ndarray, decoded: NoteSequence
) -> str:
    """Returns the sha1 of an example's bits, length, and decoded notes, chords and keys."""
    notes = sorted(
        (n.start_time, n.pitch, n.velocity, n.end_time, n.instrument, n.program, n.is_drum)
        for n in decoded.notes
    )
    chords = [(c.time, c.text) for c in decoded.text_annotations]
    keys = [(k.time, k.key) for k in decoded.key_signatures]
    rest = (np.reshape(length, -1).tolist(), notes, chords, keys, decoded.total_time)
    bits = [np.packbits(part > 0).tobytes() for part in (targets, controls)]
    return hashlib.sha1(b"|".join([*bits, repr(rest).encode()])).hexdigest()[:16]
