"""NoteSequences without the package that their message comes with."""

import subprocess
import sys


def test_sequences_travel_between_processes_without_importing_note_seq():
    code = (
        "import pickle, sys; from lofi_tf.music.sequence_proto import NoteSequence; "
        "sequence = NoteSequence(id='a'); sequence.notes.add(pitch=60, end_time=1.5); "
        "print(pickle.loads(pickle.dumps(sequence)) == sequence, 'note_seq' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout == "True False\n"
