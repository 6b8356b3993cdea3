"""A new kind of music is one file, one entry in a table and one YAML: every command takes it."""

import dataclasses
import json
import re
from typing import Any, ClassVar

import numpy as np
import pytest

from lofi_tf.cli import evaluate, export, generate, train
from lofi_tf.data.converters import build
from lofi_tf.data.converters.grid import GridConverter
from lofi_tf.data.specs import ArraySpec
from lofi_tf.data.storage.note_sequences import write_note_sequences
from lofi_tf.music.midi import read_midi, write_midi
from lofi_tf.music.quantize import Grid, grid_of
from lofi_tf.music.sequence_proto import NoteSequence
from lofi_tf.music.splits import on_grid

CLAP, STEPS, STEP_SECONDS = 39, 16, 0.125
YAML = """
schema_version: 1
name: claps
data:
  converter: {kind: claps}
model:
  encoder: {kind: bidirectional_lstm}
  decoder: {kind: lstm}
  head: {kind: categorical}
  max_seq_len: 16
  z_size: 4
  enc_rnn_size: [6]
  dec_rnn_size: [6]
training:
  batch_size: 4
"""


@dataclasses.dataclass(frozen=True)
class ClapConverter(GridConverter):
    """Bars of sixteen steps, on each of which hands clap (1) or do not (0)."""

    kind: ClassVar[str] = "claps"
    music: ClassVar[str] = "hand claps"
    bars: ClassVar[int] = 1
    num_steps: ClassVar[int] = STEPS
    depth: ClassVar[int] = 2

    steps_per_quarter: int = 4
    quarters_per_bar: int = 4
    mode: str = "train"
    seed: int = 0

    @property
    def example_spec(self):
        return {"inputs": ArraySpec("uint8", (STEPS, 2)), "length": ArraySpec("int32")}

    def _examples_of_part(self, part):
        notes = on_grid(part, grid_of(part, self.steps_per_quarter, self.steps_per_bar))
        claps = np.zeros(-(-notes.total_steps // STEPS) * STEPS, int)
        claps[notes.starts[notes.pitches == CLAP]] = 1
        bars = np.eye(2, dtype=np.uint8)[claps].reshape(-1, STEPS, 2)
        return [{"inputs": bar, "length": np.int32(STEPS)} for bar in bars]

    def _music(self, outputs, qpm, controls) -> Any:
        sequence, seconds = NoteSequence(), Grid(qpm, self.steps_per_quarter).step_seconds
        sequence.tempos.add(qpm=qpm)
        for step in np.flatnonzero(outputs.argmax(-1)).tolist():
            times = {"start_time": step * seconds, "end_time": (step + 1) * seconds}
            sequence.notes.add(pitch=CLAP, velocity=90, is_drum=True, instrument=9, **times)
        sequence.total_time = STEPS * seconds
        return sequence


def claps_at(*steps: int) -> NoteSequence:
    sequence = NoteSequence()
    sequence.tempos.add(qpm=120.0)
    for step in steps:
        times = {"start_time": step * STEP_SECONDS, "end_time": (step + 1) * STEP_SECONDS}
        sequence.notes.add(pitch=CLAP, velocity=90, is_drum=True, instrument=9, **times)
    sequence.total_time = max(steps, default=0) * STEP_SECONDS + STEP_SECONDS
    return sequence


@pytest.fixture(scope="module", autouse=True)
def table():
    """The one entry."""
    build.CONVERTERS["claps"] = ClapConverter
    yield
    del build.CONVERTERS["claps"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of a config, records, two pieces and a run of two steps."""
    folder, random = tmp_path_factory.mktemp("claps"), np.random.default_rng(0)
    (folder / "claps.yaml").write_text(YAML)
    pieces = [claps_at(*np.flatnonzero(random.random(64) < 0.4).tolist()) for _ in range(12)]
    for number, piece in enumerate(pieces):
        piece.id = piece.filename = f"{number}.mid"
    write_note_sequences(pieces, folder / "claps.tfrecord")
    write_midi(claps_at(0, 4, 8, 12, 16, 20, 24, 28), folder / "even.mid")
    write_midi(claps_at(0, 3, 6, 10, 12), folder / "clave.mid")
    write_midi(claps_at(0, 8), folder / "half.mid")
    flags = [f"--config={folder / 'claps.yaml'}", f"--run_dir={folder / 'run'}", "--mode=train"]
    records = f"--examples_path={folder / 'claps.tfrecord'}"
    assert train.main([*flags, records, "--num_steps=2", "--validation_split=0.3"]) == 0
    return folder


def generated(folder, model, *flags) -> list[NoteSequence]:
    """The pieces that lofi_generate writes, by name."""
    assert generate.main([f"--model={model}", f"--output_dir={folder}", "--seed=1", *flags]) == 0
    return [read_midi(path.read_bytes()) for path in sorted(folder.glob("*.mid"))]


def steps_of(piece: NoteSequence) -> list[int]:
    """The steps of a piece's claps, of which it holds nothing else."""
    assert all(note.pitch == CLAP and note.is_drum for note in piece.notes)
    places = np.array([note.start_time for note in piece.notes]) / STEP_SECONDS
    np.testing.assert_allclose(places, np.rint(places), atol=0.02)  # a file counts in ticks
    return sorted(np.rint(places).astype(int).tolist())


def test_what_is_stored_is_what_was_clapped_and_plays_so():
    converter = build.build_converter({"kind": "claps"})
    first, second = converter.to_examples(claps_at(0, 7, 16, 31))
    assert np.flatnonzero(first["inputs"][:, 1]).tolist() == [0, 7]
    assert steps_of(converter.from_outputs(second["inputs"])) == [0, 15]


def test_samples_are_claps_of_a_bar(run, tmp_path):
    found = generated(tmp_path, run / "run", "--num_outputs=3")
    assert len(found) == 3
    assert all(step < STEPS for piece in found for step in steps_of(piece))


def test_reconstruction_and_variation_are_as_long_as_their_input(run, tmp_path):
    for mode, name, bars in (("reconstruct", "even", 2), ("vary", "clave", 1)):
        flags = [f"--mode={mode}", f"--input_midi={run / name}.mid", "--num_outputs=2"]
        found = generated(tmp_path / mode, run / "run", *flags)
        assert len(found) == 2
        assert all(step < bars * STEPS for piece in found for step in steps_of(piece))


def test_interpolation_ends_with_the_reconstruction_of_its_inputs(run, tmp_path):
    first, second = f"--input_midi_1={run / 'clave.mid'}", f"--input_midi_1={run / 'half.mid'}"
    exact = ["--temperature=0", "--num_outputs=3"]
    flags = ["--mode=interpolate", first, second.replace("_1=", "_2="), *exact]
    way = generated(tmp_path / "way", run / "run", *flags)
    for piece, end in ((way[0], first), (way[2], second)):
        again = generated(tmp_path / end[-8:], run / "run", "--mode=reconstruct", end, *exact)
        assert steps_of(piece) == steps_of(again[0])


def test_continuation_keeps_the_piece_and_adds_the_bars_that_were_wanted(run, tmp_path):
    flags = ["--mode=continue", f"--input_midi={run / 'clave.mid'}", "--length_bars=3"]
    for piece in generated(tmp_path, run / "run", *flags, "--num_outputs=2"):
        steps = steps_of(piece)
        assert [step for step in steps if step < STEPS] == [0, 3, 6, 10, 12]
        assert all(step < 4 * STEPS for step in steps)


def test_the_measures_compare_its_tokens(run, tmp_path):
    flags = [f"--model={run / 'run'}", f"--examples_path={run / 'claps.tfrecord'}"]
    assert evaluate.main([*flags, f"--output_dir={tmp_path}", "--num_samples=8"]) == 0
    tables = json.loads((tmp_path / "evaluation.json").read_text())["tables"]
    assert {"Reconstruction", "Latent", "Samples and data"} <= {table["title"] for table in tables}


def test_its_map_holds_its_music(run, tmp_path):
    flags = [f"--model={run / 'run'}", f"--map={tmp_path / 'map.html'}", "--seed=1"]
    assert generate.main([*flags, "--map_points=30"]) == 0
    page = (tmp_path / "map.html").read_text()
    data = json.loads(re.search(r"<script[^>]*>({.*?})</script>", page, re.S)[1])
    assert (data["model"], data["points"], data["quarters"]) == ("claps", 30, 4)
    pitches = {note for piece in data["music"] for note in piece[2::4]}
    assert pitches <= {CLAP + 128}  # a drum's


def test_an_export_plays_as_the_run_and_its_card_says_what(run, tmp_path):
    flags = [f"--run_dir={run / 'run'}", f"--output_dir={tmp_path / 'saved'}", "--litert=no"]
    assert export.main(flags) == 0
    card = (tmp_path / "saved" / "claps" / "1" / "README.md").read_text()
    assert "\nhand claps, 1 bar.\n" in card
    ours = generated(tmp_path / "ours", run / "run", "--num_outputs=3")
    theirs = generated(tmp_path / "theirs", tmp_path / "saved" / "claps", "--num_outputs=3")
    assert [steps_of(piece) for piece in ours] == [steps_of(piece) for piece in theirs]
