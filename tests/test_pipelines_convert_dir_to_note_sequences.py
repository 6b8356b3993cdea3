import shutil
import sys

import pytest

from lofi_tf.data.storage.note_sequences import read_note_sequences
from pipelines.convert_dir_to_note_sequences import build_parser, main
from tests.magenta_records import main as compare_with_magenta
from tests.paths import MUSIC, NOTES


def run(*flags, input_dir=MUSIC, output_file):
    return main([f"--input_dir={input_dir}", f"--output_file={output_file}", *flags])


def test_convert_equals_magentas_records(tmp_path, capfd):
    output = tmp_path / "new" / "x.tfrecord"
    errors = tmp_path / "errors.tsv"
    music = tmp_path / "music"
    shutil.copytree(MUSIC, music)
    (music / "more.abc").write_text("X:1\nK:C\nC\n\nX:2\nK:C\n\\\n")
    flags = ["--recursive", f"--errors_file={errors}"]
    assert run(*flags, input_dir=music, output_file=output) == 0
    out, err = capfd.readouterr()
    assert out.startswith("9 sequences from 7 of 7 files in ")
    assert "100%" in err
    assert "more.abc: bad_abc" in err
    assert "WARNING" not in err
    assert errors.read_text().splitlines() == [
        "file\trule\tmessage",
        "more.abc\tbad_abc\ttune X:2: no note or rest. Received: '\\\\'",
    ]
    magenta = NOTES / "magenta.tfrecord"
    assert compare_with_magenta([f"--ours={output}", f"--magenta={magenta}"]) == 0
    assert [path.name for path in output.parent.iterdir()] == ["x.tfrecord"]


def test_convert_shards_hold_the_same_whatever_the_runner(tmp_path):
    flags = ["--recursive", "--log=ERROR"]
    run(*flags, output_file=tmp_path / "a@3")
    threads = ["--direct_running_mode=multi_threading", "--direct_num_workers=2"]
    run(*flags, *threads, output_file=tmp_path / "b@3")
    for shard in range(3):
        ours, other = (tmp_path / f"{stem}-{shard:05d}-of-00003" for stem in "ab")
        assert ours.read_bytes() == other.read_bytes()
    names = [sequence.filename for sequence in read_note_sequences(tmp_path / "a@3")]
    assert sorted(names) == sorted(s.filename for s in read_note_sequences(tmp_path / "b@3"))
    assert len(names) == 8


@pytest.mark.slow
def test_convert_by_several_processes_gives_the_same_bytes(tmp_path, capfd):
    run("--recursive", "--log=ERROR", output_file=tmp_path / "a")
    flags = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]
    assert run("--recursive", "--log=WARN", *flags, output_file=tmp_path / "b") == 0
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert "INFO" not in capfd.readouterr().err


@pytest.mark.slow
def test_convert_on_a_dask_cluster_gives_the_same_bytes(tmp_path):
    reason = "needs Dask: pip install 'apache-beam[dask]'"
    distributed = pytest.importorskip("dask.distributed", reason=reason)
    run("--recursive", "--log=ERROR", output_file=tmp_path / "a@3")
    sizes = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with distributed.LocalCluster(**sizes) as cluster:
        flags = ["--runner=DaskRunner", f"--dask_client_address={cluster.scheduler_address}"]
        assert run("--recursive", "--log=WARN", *flags, output_file=tmp_path / "b@3") == 0
        distributed.default_client().close()  # Beam leaves it open
    for shard in range(3):
        ours, other = (tmp_path / f"{stem}-{shard:05d}-of-00003" for stem in "ab")
        assert ours.read_bytes() == other.read_bytes()


def test_convert_without_dask_says_what_to_install(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "dask", None)
    assert run("--runner=DaskRunner", output_file=tmp_path / "x") == 2
    assert "pip install 'apache-beam[dask]'" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("slash", "flag"), [("", "--norecursive"), ("/", "--recursive=false")])
def test_convert_top_folder_only(slash, flag, tmp_path):
    output = tmp_path / "x.tfrecord"
    assert run(flag, "--log=ERROR", input_dir=f"{MUSIC}{slash}", output_file=output) == 0
    found = list(read_note_sequences(output))
    assert {s.filename for s in found} == {"tunes.abc"}
    assert {s.collection_name for s in found} == {"music"}


def test_convert_bad_files_are_listed_and_passed_over(tmp_path, capfd):
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(MUSIC / "drummer1/105_FUNK.MID", folder / "good.mid")
    (folder / "empty.mid").touch()
    (folder / "notes.txt").touch()
    (folder / "gone.mid").symlink_to("nowhere")
    output = tmp_path / "x.tfrecord"
    assert run("--log=WARN", input_dir=folder, output_file=output) == 0
    out, err = capfd.readouterr()
    assert out.endswith(f"-> {output} (1 other file passed over)\n")
    assert out.startswith("1 sequence from 1 of 3 files in ")
    assert err.splitlines() == [
        "2 files could not be converted, or not whole (1 empty_file, 1 unreadable):",
        "  empty.mid: empty_file: the file is empty",
        "  gone.mid: unreadable: No such file or directory",
    ]


def test_convert_without_a_readable_file_keeps_the_old_output(tmp_path, capfd):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "empty.mid").touch()
    output = tmp_path / "x.tfrecord"
    output.write_text("old")
    assert run("--log=ERROR", input_dir=tmp_path / "in", output_file=output) == 2
    assert "none of the 1 files could be read" in capfd.readouterr().err
    assert output.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "x.tfrecord"]


@pytest.mark.parametrize(
    ("input_dir", "output_file", "flags", "message"),
    [
        ("none", "x", [], "no such folder"),
        ("", "x", [], "--recursive looks into sub-folders"),
        ("", "x@0", [], "shards must be"),
        (MUSIC, "/proc/x", [], "cannot write"),
        (MUSIC, "empty", [], "it is a folder"),
        (MUSIC, "x", ["--errors_file=/proc/x"], "cannot write"),
        (MUSIC, "x", ["--foo=1", "--bar"], "lists the allowed ones. Received: --foo=1 --bar"),
        (MUSIC, "x", ["--runner=Nope"], "Unexpected pipeline runner: Nope"),
        (MUSIC, "x", ["--runner=DataflowRunner"], "--runner=DataflowRunner: "),
        (MUSIC, "x", ["--direct_num_workers=abc"], "direct_num_workers: invalid int value: 'abc'"),
    ],
)
def test_convert_bad_flags_are_one_line_and_exit_2_before_the_work(
    input_dir, output_file, flags, message, tmp_path, capsys, monkeypatch
):
    from pipelines import note_sequence_pipeline

    monkeypatch.setattr(note_sequence_pipeline, "run", lambda *_: pytest.fail("it has begun"))
    (tmp_path / "empty").mkdir()
    input_dir = tmp_path / "empty" / input_dir
    assert run(*flags, input_dir=input_dir, output_file=tmp_path / output_file) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert len(err.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def test_convert_interrupted_leaves_nothing(tmp_path, monkeypatch, capfd):
    from pipelines import note_sequence_pipeline

    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(note_sequence_pipeline, "convert_file", interrupt)
    output = tmp_path / "x.tfrecord"
    output.write_text("old")
    assert run("--log=ERROR", "--recursive", output_file=output) == 130
    assert "interrupted" in capfd.readouterr().err
    assert output.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["x.tfrecord"]


def test_convert_follows_links_but_not_in_circles(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "beats").symlink_to(MUSIC / "drummer1")
    (folder / "again").symlink_to("..")
    output = tmp_path / "x.tfrecord"
    assert run("--recursive", "--log=ERROR", input_dir=folder, output_file=output) == 0
    assert len([s for s in read_note_sequences(output) if s.filename.startswith("beats/")]) == 2


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ([], False),
        (["--recursive"], True),
        (["--recursive=true"], True),
        (["--recursive=0"], False),
    ],
)
def test_build_parser_recursive_takes_absl_forms(flags, expected):
    required = ["--input_dir=a", "--output_file=b"]
    assert build_parser().parse_args([*required, *flags]).recursive is expected
