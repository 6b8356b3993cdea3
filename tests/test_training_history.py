"""The scalars of a run that is stopped and goes on."""

from lofi_tf.training.history import ScalarLog, read_history


def test_lines_after_the_step_that_a_run_goes_on_from_are_dropped(tmp_path):
    log = ScalarLog(tmp_path)
    for step in (1, 2, 3):
        log.write(step, {"loss": 10.0 - step})
    ScalarLog(tmp_path, 2).write(5, {"loss": 4.0})
    rows = read_history(tmp_path / "history.csv")
    assert [(row["step"], row["loss"]) for row in rows] == [("1", "9"), ("2", "8"), ("5", "4")]


def test_scalars_that_come_and_go_stand_under_their_names(tmp_path):
    ScalarLog(tmp_path).write(1, {"a": 1.0, "gone": 2.0, "b": 3.0})
    ScalarLog(tmp_path, 1).write(2, {"new": 6.0, "b": 5.0, "a": 4.0})
    rows = read_history(tmp_path / "history.csv")
    assert rows == [
        {"step": "1", "new": "", "b": "3", "a": "1"},
        {"step": "2", "new": "6", "b": "5", "a": "4"},
    ]
