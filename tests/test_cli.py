"""The commands as a person gives them: the main job on real grooves, and bad input."""

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import tensorflow as tf

from lofi_tf import quiet
from lofi_tf.cli import generate, train
from lofi_tf.cli.training_data import training_data
from lofi_tf.data.model_inputs.view import to_model
from lofi_tf.music.midi import read_midi
from lofi_tf.saving import hub
from lofi_tf.training.data import DataOptions
from lofi_tf.training.history import read_history
from tests.grooves import FOLDER, groove_records, small_config, train_flags, write_groove_records

GOLDEN = Path(__file__).parent / "data" / "golden" / "models"
GOLDEN_SIZES = "enc_rnn_size=[12],dec_rnn_size=[10,10],z_size=6"


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    return write_groove_records(tmp_path_factory.mktemp("records") / "x.tfrecord")


@pytest.fixture
def run_dir(groove_run):
    return groove_run


def error_of(capsys, main, flags) -> str:
    """The one line that a command prints for bad input."""
    assert main([str(flag) for flag in flags]) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1
    return lines[0]


def test_train_leaves_a_run_that_knows_itself(run_dir):
    assert {path.name for path in run_dir.iterdir()} >= {"config.yaml", "run.yaml", "train", "eval"}


def test_same_command_goes_on(run_dir, records, tmp_path, capsys):
    shutil.copytree(run_dir, tmp_path / "run")
    flags = train_flags(tmp_path / "run", records)
    assert train.main([*flags, "--num_steps=3"]) == 0
    assert "Going on from step 2" in capsys.readouterr().err
    assert train.main([*flags, "--num_steps=3"]) == 0
    assert "already at step 3" in capsys.readouterr().err
    assert train.main([*flags, "--num_steps=3", "--log=ERROR"]) == 0
    assert capsys.readouterr().err == ""


def test_eval_prints_a_table_and_keeps_its_rows_apart(run_dir, records, tmp_path, capsys):
    run_dir = shutil.copytree(run_dir, tmp_path / "run", ignore=shutil.ignore_patterns("once"))
    before = (run_dir / "eval" / "history.csv").read_bytes()
    flags = [f"--run_dir={run_dir}", "--mode=eval", f"--examples_path={records}"]
    assert train.main(flags) == 0
    table = dict(line.split() for line in capsys.readouterr().out.splitlines())
    assert float(table["step"]) == 2
    assert float(table["losses/r_loss"]) > 0
    assert table.keys() >= {"loss", "losses/kl_bits", "metrics/hits_loss", "examples"}
    assert train.main([*flags, "--eval_num_batches=1"]) == 0
    assert (run_dir / "eval" / "history.csv").read_bytes() == before
    rows = read_history(run_dir / "eval" / "once" / "history.csv")
    assert [row["step"] for row in rows] == ["2", "2"]
    assert [row["examples"] for row in rows] == ["74", "4"]


@pytest.mark.slow
def test_official_split_by_file(records, tmp_path):
    names = [path.name for path in sorted(FOLDER.glob("*.mid"))]
    splits = dict(zip(names, ["train", "validation", "test"] * 3, strict=False))
    rows = [f"{name},{split}" for name, split in splits.items()]
    (tmp_path / "info.csv").write_text("midi_filename,split\n" + "\n".join(rows))
    flags = train_flags(tmp_path, records, f"--split_file={tmp_path / 'info.csv'}")
    parts = training_data(train.build_parser().parse_args(flags), small_config())
    for examples, split in zip(parts, ("train", "validation"), strict=True):
        assert {splits[name] for name in examples.sources} == {split}


@pytest.mark.slow
def test_tensorflow_dataset_on_disk(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "groove" / "2bar-midionly" / "2.0.1"
    folder.mkdir(parents=True)
    for split in ("train", "validation"):
        with tf.io.TFRecordWriter(str(folder / f"groove-{split}.tfrecord-00000-of-00001")) as out:
            for path in sorted(FOLDER.glob("*.mid")):
                example = tf.train.Example()
                example.features.feature["id"].bytes_list.value.append(path.name.encode())
                example.features.feature["midi"].bytes_list.value.append(path.read_bytes())
                out.write(example.SerializeToString())
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    flags = [flag for flag in train_flags(tmp_path / "run", "x") if "examples_path" not in flag]
    assert train.main([*flags, "--tfds_name=groove/2bar-midionly"]) == 0
    assert "groove/2bar-midionly (train)" in capsys.readouterr().err
    message = error_of(capsys, train.main, [*flags, "--tfds_name=groove/4bar-midionly"])
    assert "TFDS_DATA_DIR" in message


def test_sample_writes_midi_files_and_pictures_by_magentas_names(run_dir, tmp_path):
    flags = [f"--run_dir={run_dir}", "--num_outputs=3", f"--output_dir={tmp_path}", "--seed=5"]
    assert generate.main([*flags, "--png", "--qpm=90"]) == 0
    names = sorted(path.name for path in tmp_path.glob("*.mid"))
    assert len(names) == 3
    assert names[0].startswith("groovae_2bar_humanize_sample_20")
    assert names[0].endswith("-000-of-003.mid")
    assert all(path.with_suffix(".png").stat().st_size > 1000 for path in tmp_path.glob("*.mid"))
    for path in tmp_path.glob("*.mid"):
        sequence = read_midi(path.read_bytes())
        assert sequence.tempos[0].qpm == pytest.approx(90, abs=0.01)
        assert all(note.is_drum and note.start_time >= 0 for note in sequence.notes)


def test_same_seed_writes_the_same_files(run_dir, tmp_path):
    for name in ("a", "b"):
        flags = [f"--run_dir={run_dir}", f"--output_dir={tmp_path / name}", "--seed=5"]
        assert generate.main(flags) == 0
    one, other = (
        [path.read_bytes() for path in sorted((tmp_path / name).glob("*.mid"))] for name in "ab"
    )
    assert one == other
    assert len(set(one)) == 5


def two_bars(folder: Path, number: int) -> Path:
    """A MIDI file with exactly one example: the first two bars of a real groove."""
    from lofi_tf.config import load_config
    from lofi_tf.data.converters.build import build_converter
    from lofi_tf.music.midi import write_midi
    from lofi_tf.music.sequence_proto import NoteSequence

    converter = build_converter(load_config("groovae_2bar_humanize").data.converter)
    sequence = NoteSequence.FromString(groove_records()[number])
    example = next(iter(converter.to_examples(sequence)))
    targets = to_model(converter, example, training=False, seed=tf.zeros([2], tf.int32))["targets"]
    path = folder / f"two_bars_{number}.mid"
    write_midi(converter.from_outputs(targets.numpy()), path)
    return path


def test_interpolate_between_two_files(run_dir, tmp_path):
    ends = [two_bars(tmp_path, number) for number in (0, 5)]
    flags = [f"--run_dir={run_dir}", "--mode=interpolate", f"--output_dir={tmp_path / 'out'}"]
    inputs = [f"--input_midi_{n + 1}={path}" for n, path in enumerate(ends)]
    assert generate.main([*flags, *inputs, "--num_outputs=4"]) == 0
    files = sorted((tmp_path / "out").glob("groovae_2bar_humanize_interpolate_*.mid"))
    assert [path.stem[-10:] for path in files] == [f"{n:03}-of-004" for n in range(4)]


def test_input_with_several_examples_is_taken_apart(run_dir, tmp_path, capsys):
    flags = [f"--run_dir={run_dir}", "--mode=interpolate", f"--output_dir={tmp_path}"]
    long = sorted(FOLDER.glob("*.mid"))[0]
    inputs = [f"--input_midi_1={long}", f"--input_midi_2={long}"]
    message = error_of(capsys, generate.main, [*flags, *inputs])
    written = list(tmp_path.glob("*_input1-extractions_*.mid"))
    assert f"holds {len(written)} examples" in message
    assert len(written) > 1


def test_magenta_checkpoint_generates_the_same_in_every_form(tmp_path):
    name = "groovae_2bar_humanize"
    inside = tmp_path / "content" / name
    inside.mkdir(parents=True)
    files = [shutil.copy(path, inside) for path in GOLDEN.glob(f"{name}.ckpt.*")]
    with tarfile.open(tmp_path / "model.tar", "w") as tar:
        for path in files:
            tar.add(path, arcname=f"content/{Path(path).name}")
    flags = [f"--config={name}", f"--hparams={GOLDEN_SIZES}", "--num_outputs=2", "--seed=1"]
    written = []
    for place in (inside / f"{name}.ckpt", tmp_path / "content", tmp_path / "model.tar"):
        out = tmp_path / f"out{len(written)}"
        assert generate.main([*flags, f"--checkpoint_file={place}", f"--output_dir={out}"]) == 0
        written.append([path.read_bytes() for path in sorted(out.glob("*.mid"))])
    assert len(set(written[0])) == 2
    assert written[0] == written[1] == written[2]


def test_tar_cannot_write_outside_its_folder(tmp_path, capsys):
    (tmp_path / "evil").write_text("x")
    with tarfile.open(tmp_path / "model.tar", "w") as tar:
        tar.add(tmp_path / "evil", arcname="../../outside.index")
    flags = [f"--checkpoint_file={tmp_path / 'model.tar'}", "--config=groovae_4bar"]
    assert "no checkpoint" in error_of(capsys, generate.main, flags)
    assert not list(tmp_path.parent.glob("**/outside.index"))


def test_checkpoint_of_a_run_knows_its_config(run_dir, tmp_path):
    flags = [f"--checkpoint_file={run_dir / 'train' / 'model.ckpt-2'}"]
    assert generate.main([*flags, f"--output_dir={tmp_path}", "--num_outputs=1"]) == 0
    (file,) = tmp_path.glob("*.mid")
    assert file.name.startswith("groovae_2bar_humanize_sample_")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([], "run_dir"),
        (["--run_dir=x", "--checkpoint_file=y"], "one of the two"),
        (["--run_dir=no_such_folder"], "no such folder"),
        (["--checkpoint_file=no_such", "--config=groovae_4bar"], "no such checkpoint"),
        (["--run_dir=x", "--config=groovae_5bar"], "Did you mean 'groovae_4bar'"),
        (["--run_dir=x", "--num_outputs=0"], "num_outputs must be 1 or more"),
        (["--run_dir=.", "--output_dir=file.mid"], "cannot write to"),
        (["--run_dir=."], "holds no run of lofi_train"),
        (["--run_dir=x", "--mode=interpolate"], "--input_midi_2"),
        (["--run_dir=x", "--input_midi_1=no.mid"], "no such file"),
    ],
)
def test_generate_says_what_is_wrong(flags, message, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(hub, "saved_models_dir", lambda: tmp_path)
    (tmp_path / "file.mid").touch()
    monkeypatch.chdir(tmp_path)
    assert message in error_of(capsys, generate.main, flags)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--config=groovae_4bar", "--examples_path=x"], "--run_dir is missing"),
        (["--config=groovae_4bar", "--run_dir=r"], "--examples_path or --tfds_name"),
        (["--run_dir=r", "--examples_path=x"], "--config is missing"),
        (["--config=groovae_4bar", "--run_dir=r", "--examples_path=none"], "no such file"),
        (["--config=groovae_4bar", "--run_dir=r", "--examples_path=x", "--hparams=zsize=3"],
         "Did you mean 'z_size'"),
        (["--config=groovae_4bar", "--run_dir=r", "--examples_path=x", "--task=1"], "--task"),
        (["--config=groovae_4bar", "--run_dir=r", "--examples_path=x", "--num_steps=0"],
         "num_steps must be 1 or more"),
        (["--config=groovae_4bar", "--run_dir=r", "--examples_path=x", "--validation_split=1"],
         "validation_split"),
        (["--config=groovae_4bar", "--run_dir=r", "--examples_path=."], "holds no music files"),
        (["--config=groovae_4bar", "--run_dir=r", "--examples_path=x", "--hparams=converter.x={"],
         "YAML value"),
    ],
)  # fmt: skip
def test_train_says_what_is_wrong(flags, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert message in error_of(capsys, train.main, flags)


@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize(
    ("flag", "message"),
    [("--hparams=z_size=5", "other model"), ("--run_dir=file", "needs a folder")],
)
def test_wrong_run_is_refused_before_the_data_is_read(
    mode, flag, message, run_dir, capsys, tmp_path, monkeypatch
):
    (tmp_path / "file").touch()
    (tmp_path / "x.tfrecord").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(DataOptions, "read", lambda *_: pytest.fail("the data was read"))
    flags = train_flags(run_dir, "x.tfrecord", f"--mode={mode}", flag)
    assert message in error_of(capsys, train.main, flags)


@pytest.mark.parametrize("config", ["lofai_conv", "groovae_4bar"])
@pytest.mark.parametrize("music", ["folder", "x.tfrecord"])
def test_music_of_another_kind_is_refused_before_the_import(
    config, music, records, capsys, tmp_path, monkeypatch
):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "song.mp3").touch()
    (tmp_path / "x.tfrecord").write_bytes(b"no TFRecord at all")
    if config == "lofai_conv":
        shutil.copy(records, tmp_path / "x.tfrecord")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(quiet, "imports", lambda: pytest.fail("TensorFlow is imported"))
    flags = [f"--config={config}", "--run_dir=run", f"--examples_path={music}"]
    message = error_of(capsys, train.main, flags)
    unread = (config, music) == ("groovae_4bar", "x.tfrecord")
    assert ("not a TFRecord file" if unread else "prepare_audio") in message
    assert message.startswith("error: --examples_path: ")


def test_evaluation_without_a_checkpoint_is_refused_before_the_data_is_read(capsys, tmp_path):
    (tmp_path / "x.tfrecord").touch()
    flags = train_flags(tmp_path / "run", tmp_path / "x.tfrecord", "--mode=eval")
    assert "there is no checkpoint" in error_of(capsys, train.main, flags)


def test_records_that_fit_nothing_say_which_rule(tmp_path, capsys):
    from lofi_tf.data.storage.tfrecord import write_records

    write_records([groove_records()[3]], tmp_path / "five_four.tfrecord")
    flags = train_flags(tmp_path / "run", tmp_path / "five_four.tfrecord")
    assert "1 by metre" in error_of(capsys, train.main, flags)
    assert not (tmp_path / "run").exists()


def test_commands_print_no_library_noise(run_dir, tmp_path):
    flags = [f"--run_dir={run_dir}", f"--output_dir={tmp_path}", "--seed=1", "--num_outputs=1"]
    code = "import sys; from lofi_tf.cli.generate import main; sys.exit(main())"
    done = subprocess.run([sys.executable, "-c", code, *flags], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    lines = [line for line in done.stderr.splitlines() if "moved to its start" not in line]
    assert lines == [f"Wrote 1 file to {tmp_path} (--seed=1)."]
