"""The `NoteSequence` message, without the seconds that importing note_seq takes.

The package `note_seq` imports librosa, bokeh and pandas at its start. Its generated module needs
protobuf alone, so that module is loaded by itself, under its own full name: a later
`import note_seq` finds it loaded and shares the class.
"""

import copyreg
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

MODULE = "note_seq.protobuf.music_pb2"


def _load() -> ModuleType:
    if MODULE in sys.modules:
        return sys.modules[MODULE]
    package = importlib.util.find_spec("note_seq")
    if package is None or not package.submodule_search_locations:
        raise ImportError("NoteSequence needs note-seq: pip install note-seq")
    path = Path(package.submodule_search_locations[0]) / "protobuf" / "music_pb2.py"
    spec = importlib.util.spec_from_file_location(MODULE, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[MODULE] = module
    spec.loader.exec_module(module)
    return module


music_pb2 = _load()
NoteSequence = music_pb2.NoteSequence


def _parsed(data: bytes) -> NoteSequence:
    return NoteSequence.FromString(data)


# Else pickle would import the package of the message's module, for one process to give it another.
copyreg.pickle(NoteSequence, lambda sequence: (_parsed, (sequence.SerializeToString(),)))
