import csv
import json
import subprocess
import sys

import pytest

from lofi_tf.cli import train
from lofi_tf.config import load_config
from lofi_tf.data.storage.example_shards import find_shards, load_shards
from lofi_tf.data.storage.examples import examples_of_records, split_by_file, split_by_source
from lofi_tf.data.storage.sources import load_examples
from lofi_tf.data.storage.tfrecord import read_records, write_records
from lofi_tf.music.midi import read_midi
from lofi_tf.music.sequence_proto import NoteSequence
from pipelines.preprocess_tfrecord import main
from tests.grooves import FOLDER, SMALL, groove_records, write_groove_records
from tests.pieces import named_piece as piece
from tests.pieces import scale

CONFIG = "groovae_2bar_humanize"


def run(records, output, *flags, config=CONFIG):
    return main(
        [f"--input_tfrecord={records}", f"--output_tfrecord={output}", f"--config={config}", *flags]
    )


def test_config_of_sound_names_the_command_for_it(tmp_path, capsys):
    assert run(tmp_path / "x.tfrecord", tmp_path / "out", config="lofai_conv") == 2
    assert "prepare_audio" in capsys.readouterr().err


def test_summary_tells_of_filters_and_of_melodies_taken_for_drums(tmp_path, capsys):
    notes = [*scale(4), (60, 0.1, 0.2, 20)]
    marked = piece(*notes, name="drums.mid")
    for note in marked.notes:
        note.is_drum = True
    plain, tune = piece(*scale(4), name="plain.mid"), piece(*notes, name="tune.mid")
    records = write(tmp_path / "in", marked, plain, tune)
    assert run(records, tmp_path / "out", "--validation_split=0", "--min_velocities=2") == 0
    shown = [line.split(maxsplit=2) for line in capsys.readouterr().out.splitlines()]
    assert ["taken_for_drums", "1"] in shown
    assert ["min_velocities", "1", "--min_velocities=2 (plain.mid)"] in shown
    assert info_of(tmp_path / "out")["counters"]["taken_for_drums"] == 1
    said = []
    load_examples(str(records), None, "train", load_config(CONFIG).data.converter, log=said.append)
    assert said[1].startswith("2 of 3 sequences mark no note as a drum")


def info_of(output):
    return json.loads(output.with_name(f"{output.name}.info.json").read_text())


def load(output, split, config=CONFIG):
    return load_shards(find_shards(output), split, load_config(config).data.converter)


def sources_by_example(*several):
    """Returns {the bytes of an example's arrays: the sources that it is found in}."""
    found = {}
    for examples in several:
        for index, sources in enumerate(examples.sources.tolist()):
            key = b"".join(array[index].tobytes() for array in examples.arrays.values())
            found.setdefault(key, set()).update(sources.split(","))
    return found


def write(path, *sequences):
    write_records([sequence.SerializeToString() for sequence in sequences], path)
    return path


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    return write_groove_records(tmp_path_factory.mktemp("records") / "in.tfrecord")


@pytest.fixture(scope="module")
def grooves(records):
    output = records.parent / "out"
    assert run(records, output, "--output_shards=3", "--validation_split=0.4", "--log=ERROR") == 0
    return output


def band_records():
    found = []
    for path in sorted(FOLDER.parent.glob("band*.mid")):
        sequence = read_midi(path.read_bytes())
        sequence.filename = path.name
        found.append(sequence.SerializeToString())
    return found


@pytest.mark.parametrize("config", [CONFIG, "cat-drums_2bar_small", "cat-mel_2bar_small"])
def test_preprocess_gives_the_examples_of_the_path_in_memory(config, tmp_path):
    records = groove_records() + band_records()
    write_records(records, tmp_path / "in")
    flags = ["--noenable_filtering", "--validation_split=0", "--log=ERROR"]
    assert run(tmp_path / "in", tmp_path / "out", *flags, config=config) == 0
    known = examples_of_records(records, load_config(config).data.converter)
    found = load(tmp_path / "out", "train", config)
    assert sources_by_example(found) == sources_by_example(known)
    counters = info_of(tmp_path / "out")["counters"]
    assert counters["examples"] == len(known) > 20
    assert counters["distinct"] == len(found) == len(known) - counters["duplicates"]
    assert list(info_of(tmp_path / "out")["splits"]) == ["train"]


def test_preprocess_splits_as_lofi_train_does(grooves):
    config = load_config(CONFIG)
    known = split_by_source(examples_of_records(groove_records(), config.data.converter), 0.4)
    for split, expected in zip(["train", "validation"], known, strict=True):
        assert sources_by_example(load(grooves, split)) == sources_by_example(expected)
        assert len(expected) > 3


def test_preprocess_holds_one_source_out_at_least(records, tmp_path):
    flags = ["--validation_split=0.0001", "--log=ERROR"]
    assert run(records, tmp_path / "out", *flags) == 0
    converter = load_config(CONFIG).data.converter
    known = split_by_source(examples_of_records(groove_records(), converter), 0.0001)[1]
    assert set(load(tmp_path / "out", "validation").sources) == set(known.sources)


def test_preprocess_writes_shards_and_summary(records, tmp_path, capfd):
    assert run(records, tmp_path / "new" / "out", "--output_shards=2") == 0
    out, err = capfd.readouterr()
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == [
        "out-train-00000-of-00002",
        "out-train-00001-of-00002",
        "out-validation-00000-of-00002",
        "out-validation-00001-of-00002",
        "out.info.json",
    ]
    info = info_of(tmp_path / "new" / "out")
    assert "100%" in err
    assert "WARNING" not in err
    assert [line.split()[:2] for line in out.splitlines()[:3]] == [
        ["files", "1"],
        ["records", str(len(groove_records()))],
        ["sequences", str(len(groove_records()))],
    ]
    counts = ", ".join(f"{split['examples']} {name}" for name, split in info["splits"].items())
    assert out.splitlines()[-1].startswith(f"{counts} examples in ")


def test_preprocess_bytes_do_not_depend_on_the_runner_or_the_order(grooves, tmp_path):
    write_records(reversed(groove_records()), tmp_path / "in")
    flags = ["--output_shards=3", "--validation_split=0.4", "--log=ERROR"]
    threads = "--pipeline_options=--direct_running_mode=multi_threading,--direct_num_workers=2"
    assert run(tmp_path / "in", tmp_path / "out", *flags, threads) == 0
    files = sorted(path.name for path in tmp_path.glob("out*"))
    assert len(files) == 7
    for name in files:
        assert (tmp_path / name).read_bytes() == (grooves.parent / name).read_bytes()


@pytest.mark.slow
def test_preprocess_by_several_processes_gives_the_same_bytes(records, grooves, tmp_path, capfd):
    flags = ["--output_shards=3", "--validation_split=0.4", "--log=WARN"]
    processes = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]
    assert run(records, tmp_path / "out", *flags, *processes) == 0
    for path in tmp_path.glob("out*"):
        assert path.read_bytes() == (grooves.parent / path.name).read_bytes()
    assert capfd.readouterr().err == ""


def test_preprocess_equal_examples_are_one_and_on_one_side(tmp_path):
    names = [f"{letter}.mid" for letter in "abcdefgh"]
    sequences = [piece(*scale(4), name=name) for name in names]
    sequences += [piece(*scale(4, first=70 + n), name=name) for n, name in enumerate(names)]
    write(tmp_path / "in", *sequences)
    flags = ["--validation_split=0.5", "--log=ERROR"]
    assert run(tmp_path / "in", tmp_path / "out", *flags, config="cat-mel_2bar_small") == 0
    sides = [load(tmp_path / "out", split, "cat-mel_2bar_small") for split in ("train", "test")]
    shared = [source for source in sides[0].sources if "," in source]
    assert not any("," in source for source in sides[1].sources)
    assert len(shared) == 1
    trained = {name for source in sides[0].sources for name in source.split(",")}
    assert set(shared[0].split(",")) == trained
    assert len(trained) > 1
    assert trained.isdisjoint(sides[1].sources)
    assert trained.union(sides[1].sources) == set(names)
    counters = info_of(tmp_path / "out")["counters"]
    assert (counters["duplicates"], counters["in_several_splits"]) == (7, 1)


def test_preprocess_split_file(records, tmp_path):
    names = sorted({NoteSequence.FromString(record).filename for record in groove_records()})
    rows = list(zip(names, ["train", "test", "train", "validation", "train"], strict=False))
    with open(tmp_path / "split.csv", "w", newline="") as file:
        csv.writer(file).writerows([("path", "split"), *rows])
    flags = [f"--split_file={tmp_path / 'split.csv'}", "--log=ERROR"]
    assert run(records, tmp_path / "out", *flags) == 0
    known = examples_of_records(groove_records(), load_config(CONFIG).data.converter)
    for split, expected in split_by_file(known, tmp_path / "split.csv").items():
        assert sources_by_example(load(tmp_path / "out", split)) == sources_by_example(expected)
    assert list(info_of(tmp_path / "out")["splits"]) == ["train", "validation", "test"]


def test_preprocess_counts_what_it_leaves_out(tmp_path, capfd):
    changes = [(second, 100 + second) for second in range(101)]
    write_records(
        [
            piece(*scale(8), name="good").SerializeToString(),
            piece(*scale(101), tempos=changes, name="changes").SerializeToString(),
            piece(*scale(8), tempos=[(0, 120), (4, 90)], name="two").SerializeToString(),
            piece(*[(60, 0, 1, 9)], name="short").SerializeToString(),
            piece(name="empty").SerializeToString(),
            b"\xff",
        ],
        tmp_path / "in",
    )
    assert run(tmp_path / "in", tmp_path / "out", "--log=WARN", config="cat-mel_2bar_small") == 0
    info = info_of(tmp_path / "out")
    assert info["left_out"] == {
        "dropped_sequences": {"not_a_note_sequence": 1, "too_many_parts": 1},
        "filtered_parts": {"min_velocities": 1},
        "refused_parts": {"too_short": 1},
    }
    counters = info["counters"]
    assert [counters[name] for name in ("records", "sequences", "parts")] == [6, 5, 5]
    out, err = capfd.readouterr()
    assert err == ""
    assert "too_many_parts                  1  it has 101 parts" in out


def test_preprocess_again_replaces_the_old_shards(records, tmp_path):
    assert run(records, tmp_path / "out", "--output_shards=4", "--log=ERROR") == 0
    assert run(records, tmp_path / "out", "--output_shards=1", "--log=ERROR") == 0
    assert len(list(tmp_path.glob("out-train-*"))) == 1


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--config=groovae_5bar"], "Did you mean 'groovae_4bar'"),
        (["--input_tfrecord=nowhere"], "no such file"),
        (["--hparams=converter.split_bar=1"], "Did you mean 'split_bars'"),
        (["--hparams=converter.split_bars=99"], "fits the config"),
        (["--max_num_notes=0"], "by max_num_notes"),
        (["--output_shards=0"], "--output_shards must be"),
        (["--validation_split=1"], "--validation_split must be"),
        (["--split_file=nowhere"], "cannot read split file"),
        (["--output_tfrecord=/proc/x"], "cannot write"),
        (["--runner=DirectRunner", "--direct_num_worker=1"], "mean --direct_num_workers?"),
        (["--runner=Nope"], "Unexpected pipeline runner: Nope"),
        (["--runner=DaskRunner"], "--runner=DaskRunner cannot run this pipeline"),
        (["--pipeline_options=--direct_num_workers=abc"], "invalid int value: 'abc'"),
    ],
)
def test_preprocess_bad_input_is_one_line_and_exit_2(flags, message, records, tmp_path, capfd):
    assert run(records, tmp_path / "out", "--log=ERROR", *flags) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert message in err
    assert len(err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda data: data[:-3], "cut short"),
        (lambda data: data[:-9] + b"x" + data[-8:], "does not match its checksum"),
        (lambda data: b"MThd" * 9, "not a TFRecord file"),
        (lambda data: b"", "no records"),
    ],
)
def test_preprocess_damaged_records_leave_nothing(harm, message, records, tmp_path, capfd):
    path = tmp_path / "in"
    path.write_bytes(harm(records.read_bytes()))
    assert run(path, tmp_path / "out", "--log=ERROR") == 2
    assert message in capfd.readouterr().err
    assert list(tmp_path.iterdir()) == [path]


def test_preprocess_interrupted_leaves_the_old(records, grooves, monkeypatch, capfd):
    from pipelines import note_example_pipeline

    def interrupt(*args):
        raise KeyboardInterrupt

    before = sorted(path.name for path in grooves.parent.iterdir())
    monkeypatch.setattr(note_example_pipeline, "split_segments", interrupt)
    assert run(records, grooves, "--log=ERROR") == 130
    assert "interrupted" in capfd.readouterr().err
    assert sorted(path.name for path in grooves.parent.iterdir()) == before


def test_lofi_train_trains_on_shards(grooves, tmp_path, capfd):
    flags = [
        f"--config={CONFIG}", f"--run_dir={tmp_path}", f"--hparams={SMALL}", "--num_steps=1",
        f"--examples_path={grooves}",
    ]  # fmt: skip
    assert train.main(flags) == 0
    err = capfd.readouterr().err
    for name, split in info_of(grooves)["splits"].items():
        assert f"{split['examples']} examples of the split {name}." in err
    assert load(grooves, "train").sha1() in err


def test_lofi_train_refuses_shards_of_another_config(grooves, tmp_path, capfd):
    flags = [f"--run_dir={tmp_path}", f"--examples_path={grooves}", "--config=groovae_4bar"]
    assert train.main(flags) == 2
    assert "split_bars: 2 there, 4 in the config" in capfd.readouterr().err


def test_shards_are_read_without_beam(grooves):
    code = (
        "import sys; from lofi_tf.data.storage.example_shards import find_shards, load_shards; "
        f"s = find_shards({str(grooves)!r}); "
        "print(len(load_shards(s, 'train', s.info['config']['data']['converter'])), "
        "'apache_beam' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout == f"{info_of(grooves)['splits']['train']['examples']} False\n"
    assert sum(len(list(read_records(f))) for f in find_shards(grooves).files["train"]) > 3
