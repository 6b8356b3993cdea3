"""Jobs: how far they are, how they end, and how long they are told of."""

import threading

import pytest

from lofi_tf.errors import LofiError
from lofi_tf.studio import jobs as module
from lofi_tf.studio.jobs import Jobs
from lofi_tf.studio.problems import Refused


def ended(work, jobs=None, is_slow=False):
    job = (jobs or Jobs(lambda job: None)).submit("tool", work, is_slow)
    job.finished.result(20)
    return job.shape()


def raising(error):
    def work(job):
        raise error

    return work


def test_a_job_tells_what_it_made():
    told = ended(lambda job: ["c1", "c2"])
    assert (told.state, told.clips, told.error) == ("done", ["c1", "c2"], None)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (LofiError("give\n--bars"), "give bars"),
        (MemoryError(), "there is not enough memory for this"),
        (KeyError("x"), "this could not be done: KeyError: 'x'"),
    ],
)
def test_what_goes_wrong_is_one_line_and_the_next_job_runs(error, line):
    jobs = Jobs(lambda job: None)
    told = ended(raising(error), jobs)
    assert (told.state, told.error, told.clips) == ("failed", line, [])
    assert ended(lambda job: ["c1"], jobs).state == "done"


def test_a_running_job_is_stopped_at_its_next_step():
    begun, go = threading.Event(), threading.Event()

    def work(job):
        begun.set()
        go.wait(20)
        job.progress(1, 2)
        return ["c1"]

    job = Jobs(lambda job: None).submit("tool", work, False)
    begun.wait(20)
    job.stop()
    go.set()
    job.finished.result(20)
    assert (job.shape().state, job.shape().clips) == ("stopped", [])


def test_a_waiting_job_is_stopped_at_once_and_never_runs():
    go, ran = threading.Event(), []
    jobs = Jobs(lambda job: None)
    first = jobs.submit("tool", lambda job: [str(go.wait(20))], True)
    second = jobs.submit("tool", lambda job: ran.append(1) or [], True)
    second.stop()
    assert second.shape().state == "stopped"
    go.set()
    first.finished.result(20)
    ended(lambda job: [], jobs, is_slow=True)
    assert ran == []


def test_changes_are_told_in_order_but_not_too_often(monkeypatch):
    told = []
    jobs = Jobs(lambda job: told.append(job.shape()))

    def work(job):
        for number in range(1000):
            job.progress(number, 1000, "working")
        return []

    ended(work, jobs)
    assert [told[0].state, told[1].state, told[-1].state] == ["waiting", "running", "done"]
    assert len(told) < 100


def test_old_jobs_are_forgotten(monkeypatch):
    monkeypatch.setattr(module, "MOST_KEPT", 3)
    jobs = Jobs(lambda job: None)
    for _ in range(10):
        ended(lambda job: [], jobs)
    assert len(jobs.all()) <= 4
    with pytest.raises(Refused, match="no such job"):
        jobs.job("j1")
