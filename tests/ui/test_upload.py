"""The learner's own table: read at once, named by its hash, gone with the visit."""

import hashlib
import pickle
import sys

import pytest

from lab.topics.playground.train import data_of
from lab.ui.desk import desk

TABLE = b"height,weight,group\n" + b"".join(
    f"{150 + row},{40 + row * 7 % 31}.625,{'child' if row % 2 else 'adult'}\n".encode() for row in range(40)
)
DIGEST = hashlib.sha256(TABLE).hexdigest()
WRITES = ("w", "a", "x", "+")


@pytest.fixture(scope="module")
def written():
    """Return the list of files opened for writing from now on; a hook of the interpreter cannot be undone."""
    paths, watching = [], [True]

    def hook(event, args):
        if watching and event == "open" and any(flag in str(args[1]) for flag in WRITES):
            paths.append(args[0])

    sys.addaudithook(hook)
    yield paths
    watching.clear()


def uploaded(opened, raw=TABLE, name="mine.csv", **query):
    page = opened(data="csv", **query)
    page.file_uploader[0].upload(name, raw, "text/csv")
    return page.run()


def sentences(page):
    return [one.value for one in (*page.error, *page.warning, *page.exception)]


def test_a_table_is_trained_on_and_named_in_the_url(opened):
    page = uploaded(opened)
    assert not sentences(page)
    run = page.session_state["last:playground/train"]
    assert run.job.settings.file == DIGEST
    assert page.query_params["file"] == DIGEST
    data = data_of(run.job.settings, run.job.context)
    assert data.classes == ("adult", "child")
    assert data.names[0].startswith("height")
    page.session_state["playground:tables"] = True
    assert len(page.run().dataframe[-1].value) == 40


def test_it_is_kept_while_another_data_set_is_shown(opened):
    page = uploaded(opened)
    page.selectbox("train.data").set_value("xor").run()
    assert page.session_state["last:playground/train"].job.settings.file == ""
    assert not page.file_uploader
    page.selectbox("train.data").set_value("csv").run()
    assert not sentences(page)
    assert page.session_state["last:playground/train"].job.settings.file == DIGEST


@pytest.mark.parametrize(
    ("raw", "part"),
    [
        (b"", "got 0"),
        (b"1,2,3\n" * 5, "10"),
        (TABLE.replace(b"155", b"abc"), "abc"),
        (b"\xff\xfe\x00" * 100, "UTF-8"),
        (TABLE.replace(b"155", b"inf"), "inf"),
    ],
)
def test_a_bad_table_is_one_sentence_and_trains_nothing(opened, raw, part):
    page = uploaded(opened, raw)
    (said,) = [one.value for one in page.error]
    assert part in said
    assert not page.exception
    assert "last:playground/train" not in page.session_state
    page.file_uploader[0].upload("mine.csv", TABLE, "text/csv").run()
    assert not sentences(page)
    assert page.session_state["last:playground/train"].job.settings.file == DIGEST


def test_a_link_with_a_table_of_another_visit_asks_for_it(opened):
    uploaded(opened)
    page = opened(data="csv", file=DIGEST)
    (said,) = sentences(page)
    assert "uploaded in another visit" in said
    assert not page.dataframe
    page.file_uploader[0].upload("mine.csv", TABLE, "text/csv").run()
    assert not sentences(page)
    assert page.session_state["last:playground/train"].job.settings.file == DIGEST


def test_nothing_of_it_is_written_or_stored(opened, written):
    written.clear()
    page = uploaded(opened)
    assert page.session_state["visit:files"] == {DIGEST: TABLE}
    assert [path for path in written if not str(path).endswith((".pyc", "/dev/null"))] == []
    stored = desk()._store.get(page.session_state["last:playground/train"].key)
    assert stored is not None
    assert b"adult" not in pickle.dumps(stored)
