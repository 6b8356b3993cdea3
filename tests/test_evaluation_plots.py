"""Pictures of models: which are written, and what they show."""

import numpy as np
import pytest

from lofi_tf.errors import LofiError
from lofi_tf.evaluation.groups import fewer, groups_of
from lofi_tf.evaluation.plots import draw_curves, draw_latent, write_pictures
from lofi_tf.generation.decoding import GenerationConfig
from lofi_tf.plotting.figures import main_directions
from tests.grooves import groove_examples
from tests.mirrors import mirror

GROOVE = "groovae_2bar_humanize"
SOURCES = np.array(["d1/s/1.mid", "d1/s/2.mid", "d2/s/3.mid"], object)
ENDING = b"IEND\xaeB`\x82"


@pytest.fixture
def split_file(tmp_path):
    path = tmp_path / "info.csv"
    lines = ["midi_filename,split,style,tempo", "d1/s/1.mid,train,rock/halftime,slow"]
    path.write_text("\n".join([*lines, "d1/s/2.mid,test,jazz,", "d2/s/3.mid,test,rock,fast"]))
    return path


def test_groups_are_styles_or_a_column_or_folders(split_file):
    assert groups_of(SOURCES, split_file)[0].tolist() == ["rock", "jazz", "rock"]
    assert groups_of(SOURCES, split_file)[1] == "style"
    assert groups_of(SOURCES, split_file, "tempo")[0].tolist() == ["slow", "unknown", "fast"]
    assert groups_of(SOURCES)[0].tolist() == ["d1", "d1", "d2"]
    assert groups_of(SOURCES)[1] == "folder"


def test_missing_column_is_refused(split_file):
    with pytest.raises(LofiError, match="genre"):
        groups_of(SOURCES, split_file, "genre")
    with pytest.raises(LofiError, match="--split_file"):
        groups_of(SOURCES, None, "genre")


def test_small_groups_are_others():
    groups, names = fewer(np.array(["a", "b", "b", "c", "c"], object), 2)
    assert names == ["b", "c"] and groups.tolist() == ["others", "b", "b", "c", "c"]


def test_main_directions_are_those_of_the_greatest_variance():
    values = np.array([[3.0, 0, 0], [-3, 0, 0], [0, 1, 0], [0, -1, 0]]) + 5
    points, zero, shares = main_directions(values)
    assert shares == pytest.approx([0.9, 0.1])
    assert np.abs(points) == pytest.approx(np.array([[3, 0], [3, 0], [0, 1], [0, 1]]))
    assert np.abs(zero) == pytest.approx([5, 5])


def test_points_have_the_colour_of_their_group():
    points = np.arange(8.0).reshape(4, 2)
    groups = np.array(["a", "x", "b", "a"], object)
    figure = draw_latent(points, groups, ["a", "b"], ["1", "2"], "")
    shown = [dots.get_offsets().tolist() for dots in figure.axes[0].collections]
    assert shown == [points[[1]].tolist(), points[[0, 3]].tolist(), points[[2]].tolist()]


def test_curves_lay_training_and_evaluation_over_each_other(tmp_path):
    for part, first in (("train", 10), ("eval", 0)):
        (tmp_path / part).mkdir()
        lines = [f"{step},{5 - step / 10}" for step in (first, 20, 30)]
        (tmp_path / part / "history.csv").write_text("\n".join(["step,loss", *lines]))
    (axes,) = draw_curves(tmp_path, "a run").axes
    train, held_out = (line.get_xydata().tolist() for line in axes.lines)
    assert train == [[10, 4], [20, 3], [30, 2]] and held_out == [[20, 3], [30, 2]]
    assert draw_curves(tmp_path / "none", "") is None


def test_pictures_are_written_whole(tmp_path):
    backend = mirror(GROOVE)
    examples = groove_examples(backend.config)
    examples = examples.where(np.arange(len(examples)) < 8)
    groups = groups_of(examples.sources)
    found = write_pictures(backend, examples, tmp_path, GenerationConfig(), tmp_path, "pca", groups)
    assert [path.name for path in found] == ["latent.png", "reconstructions.png", "samples.png"]
    assert all(path.read_bytes().endswith(ENDING) for path in found)
    assert sorted(tmp_path.iterdir()) == sorted(found)
    others = write_pictures(backend, examples, tmp_path, GenerationConfig(), None, "none")
    assert [path.name for path in others] == ["reconstructions.png", "samples.png"]


def test_unknown_picture_is_refused(tmp_path):
    backend = mirror(GROOVE)
    with pytest.raises(LofiError, match="Allowed: none, pca, tsne"):
        write_pictures(
            backend, groove_examples(backend.config), tmp_path, GenerationConfig(), None, "umap"
        )
