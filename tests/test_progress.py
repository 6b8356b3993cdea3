"""A bar in a terminal, plain lines elsewhere."""

import io

import pytest

from lofi_tf import progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def shown(stream, counts, total=200, **options) -> str:
    bar = progress.open_progress(total, "step", stream=stream, **options)
    for count in counts:
        bar.set_postfix({"loss": "1.5"}, refresh=False)
        bar.update(count)
    bar.close()
    return stream.getvalue()


def test_file_gets_a_line_for_each_tenth_and_no_carriage_return():
    lines = shown(io.StringIO(), [1] * 200, desc="training").splitlines()
    assert [line.partition(" [")[0] for line in lines] == [
        f"training: {10 * n}% {20 * n}/200" for n in range(1, 11)
    ]
    assert all(line.endswith("step/s, loss=1.5]") for line in lines)


def test_file_gets_a_line_after_a_while_and_the_last_one(monkeypatch):
    clock = iter(range(0, 1000, 8))  # seconds
    monkeypatch.setattr(progress.time, "monotonic", lambda: float(next(clock)))
    lines = shown(io.StringIO(), [1] * 10, initial=50).splitlines()
    assert [line.split()[1] for line in lines] == ["54/200", "58/200", "60/200"]


def test_file_gets_nothing_of_a_short_work_of_unknown_size():
    assert shown(io.StringIO(), [1] * 500, total=None, keep=False) == ""


@pytest.mark.parametrize(("keep", "end"), [(True, "]\n"), (False, "\r")])
def test_terminal_line_is_ended_or_cleared(keep, end):
    assert shown(Terminal(), [30], keep=keep).endswith(end)


def test_closed_stderr_is_no_error(monkeypatch):
    monkeypatch.setattr(progress.sys, "stderr", None)
    bar = progress.open_progress(1, "step")
    bar.update()
    bar.close()
