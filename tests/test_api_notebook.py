"""What a notebook shows, in a real kernel: README's lines, and nothing of the libraries below."""

import base64
import re
from pathlib import Path

import pytest

import lofi_tf
from tests.mirrors import KICK, SNARE, drums

nbclient = pytest.importorskip("nbclient")
nbformat = pytest.importorskip("nbformat")

README = Path(__file__).parent.parent / "README.md"
BEAT = [(step, pitch) for step in range(0, 32, 8) for pitch in (KICK, SNARE)]
LONG = "batch_size=64, num_steps=300"
SHORT = "batch_size=2, num_steps=1, enc_rnn_size=[8], dec_rnn_size=[8]"


def snippet():
    """README's lines of Python, its training cut short."""
    (found,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert found.count(LONG) == 1
    return found.replace(LONG, SHORT)


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """What a fresh kernel shows for README's lines, and for a sound once more."""
    folder = tmp_path_factory.mktemp("notebook")
    (folder / "demo").symlink_to(README.parent / "demo")
    sources = [snippet(), "print(samples := sound.samples.shape, sound.sample_rate)", "sound"]
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    notebook = nbformat.v4.new_notebook(cells=cells)
    where = {"metadata": {"path": str(folder)}}
    nbclient.NotebookClient(notebook, timeout=600, resources=where).execute()
    return folder, [cell.outputs for cell in notebook.cells]


def test_readmes_lines_show_a_picture_and_a_player_once_each(outputs):
    shown = [out.data for out in outputs[1][0] if out.output_type == "display_data"]
    picture, player = shown
    assert base64.b64decode(picture["image/png"]).startswith(b"\x89PNG")
    assert player["text/html"].startswith('<audio controls src="data:audio/mpeg;base64,')


def test_readmes_lines_say_nothing_but_of_training(outputs):
    texts = [out for out in outputs[1][0] if out.output_type != "display_data"]
    lines = "".join(out.text for out in texts).splitlines()
    ours = r"demo/grooves: |Left out |\d+ training examples|step \d+: |(\w+ )?\d+% \d+/\d+ "
    assert lines and all(re.match(ours, line) for line in lines), lines


def test_readmes_lines_write_what_they_say(outputs):
    folder, cells = outputs
    assert lofi_tf.read_midi(folder / "beat.mid").notes
    samples, rate = lofi_tf.read_audio(folder / "played.wav")
    assert cells[1][0].text == f"{samples.shape} {rate}\n"
    assert (folder / "run" / "config.yaml").is_file()


def test_a_cells_last_value_shows_itself(outputs):
    (out,) = outputs[1][2]
    assert out.data["text/plain"].startswith("Sound(")
    assert out.data["text/html"].startswith("<audio")


def test_without_a_notebook_what_is_shown_is_returned_and_saved(tmp_path):
    picture = lofi_tf.show([drums(*BEAT), drums(*BEAT)], ["one", "other"])
    picture.write(tmp_path / "beats.png")
    assert (tmp_path / "beats.png").read_bytes().startswith(b"\x89PNG")
    assert repr(picture).endswith("saves it)")
