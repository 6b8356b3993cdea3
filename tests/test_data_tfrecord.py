import pytest

from lofi_tf.data.storage.tfrecord import read_records, record_paths, shard_paths, write_records
from lofi_tf.errors import LofiError
from lofi_tf.files import atomic_write, check_writable
from tests.paths import NOTES

RECORDS = NOTES / "magenta.tfrecord"


def test_read_records_of_tensorflow_written_again_are_the_same_bytes(tmp_path):
    path = tmp_path / "x.tfrecord"
    assert write_records(read_records(RECORDS), path) == 4
    assert path.read_bytes() == RECORDS.read_bytes()


def test_read_records_of_an_empty_file_is_empty(tmp_path):
    write_records([], tmp_path / "x.tfrecord")
    assert list(read_records(tmp_path / "x.tfrecord")) == []


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: data[:-5], "cut short"),
        (lambda data: data + b"abc", "cut short"),
        (lambda data: b"x" + data[1:], "not a TFRecord file"),
        (lambda data: data[:40] + b"\0\0" + data[42:], "checksum"),
    ],
)
def test_read_records_names_damage(damage, message, tmp_path):
    path = tmp_path / "x.tfrecord"
    path.write_bytes(damage(RECORDS.read_bytes()))
    with pytest.raises(LofiError, match=message):
        list(read_records(path))


def test_whole_file_failure_leaves_the_old_file(tmp_path):
    path = tmp_path / "x"
    path.write_text("old")
    with pytest.raises(RuntimeError), atomic_write(path) as file:
        file.write(b"new")
        raise RuntimeError
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("x", "old")]


def test_whole_file_failure_leaves_no_folders_of_its_own(tmp_path):
    (tmp_path / "old").mkdir()
    with pytest.raises(KeyboardInterrupt), atomic_write(tmp_path / "old" / "a" / "b" / "x"):
        (tmp_path / "old" / "beside").touch()
        raise KeyboardInterrupt
    assert [p.name for p in tmp_path.rglob("*")] == ["old", "beside"]


def test_shard_paths_follow_tensorflows_pattern():
    assert [path.name for path in shard_paths("a/x.tfrecord@2")] == [
        "x.tfrecord-00000-of-00002",
        "x.tfrecord-00001-of-00002",
    ]
    assert [str(path) for path in shard_paths("me@home/x.tfrecord")] == ["me@home/x.tfrecord"]


def test_shard_paths_of_no_shards_is_an_error():
    with pytest.raises(LofiError, match="Received: 'x@0'"):
        shard_paths("x@0")


def test_record_paths_takes_paths_globs_shards_and_lists(tmp_path):
    for path in [tmp_path / "a", *shard_paths(tmp_path / "b@2")]:
        path.touch()
    a, b0, b1 = (str(tmp_path / name) for name in ["a", "b-00000-of-00002", "b-00001-of-00002"])
    for pattern, expected in [
        (a, [a]),
        (f"{tmp_path}/b*", [b0, b1]),
        (f"{tmp_path}/b@2", [b0, b1]),
        (f"{tmp_path}/b@2, {a}", [b0, b1, a]),
    ]:
        assert [str(path) for path in record_paths(pattern)] == expected


@pytest.mark.parametrize("pattern", ["none", "none*", "b@3"])
def test_record_paths_of_missing_files_is_an_error(pattern, tmp_path):
    with pytest.raises(LofiError, match=r"no such file|shards missing"):
        record_paths(tmp_path / pattern)


def test_record_paths_of_a_folder_is_an_error(tmp_path):
    with pytest.raises(LofiError, match="a folder is no file of records"):
        record_paths(tmp_path)


@pytest.mark.parametrize(
    ("path", "message"),
    [("folder", "it is a folder"), ("file/x", "Not a directory"), ("/proc/a/x", "cannot write to")],
)
def test_check_writable_refuses_what_cannot_be_written(path, message, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(LofiError, match=message):
        check_writable(tmp_path / path)


def test_check_writable_leaves_nothing(tmp_path):
    check_writable(tmp_path / "a" / "b" / "x")
    assert not list(tmp_path.iterdir())


def test_record_paths_takes_a_list_longer_than_a_file_name():
    assert record_paths(",".join([str(RECORDS)] * 300)) == [RECORDS] * 300
