"""A visit: the URL is followed once, values outlive a walk through the menu, and each visit has its own."""

import pytest

from lab.runs.desk import Desk
from lab.runs.engine import Job
from lab.topics.playground.settings import Display, Settings
from lab.ui import session
from lab.ui.desk import desk

CPU_JOB = Job("playground/train", Settings())


@pytest.fixture
def browser(monkeypatch):
    """Return the URL parameters and the session state of a visitor, as plain dicts."""

    class Query(dict):
        def to_dict(self):
            return dict(self)

        def from_dict(self, values):
            self.clear()
            self.update(values)

    query, state = Query(), {}
    monkeypatch.setattr(session.st, "query_params", query)
    monkeypatch.setattr(session.st, "session_state", state)
    return query


def rerun(slug="playground", **settings):
    """Read the URL as a page does, and write these settings into it; return what was brought."""
    session.read_url(slug)
    brought = session.incoming()
    session.put_in_url(Settings(**settings), Settings.model_fields)
    session.write_url(slug)
    return brought


def test_the_url_the_visitor_brings_is_followed_once(browser):
    browser.update(seed="5", utm="x")
    assert rerun(seed=5) == {"seed": "5", "utm": "x"}
    assert browser == {"seed": "5"}
    assert rerun(seed=5) is None


def test_a_late_rerun_with_an_older_url_is_not_taken_for_new(browser):
    browser.update(seed="5", utm="x")
    rerun(seed=5)
    rerun(seed=6)
    for old in ({"seed": "5", "utm": "x"}, {"seed": "5"}, {"seed": "6"}):
        browser.from_dict(old)
        assert rerun(seed=6) is None
        assert browser == {"seed": "6"}


def test_a_page_that_ends_early_has_read_its_url_all_the_same(browser):
    browser.update(data="csv")
    session.read_url("playground")
    assert session.incoming() == {"data": "csv"}
    session.read_url("playground")  # st.stop came before `write_url`
    assert session.incoming() is None


def test_another_url_is_followed_also_late_in_the_visit(browser):
    rerun()
    browser["seed"] = "9"
    assert rerun(seed=9) == {"seed": "9"}


def test_lessons_do_not_share_their_urls(browser):
    browser["seed"] = "5"
    assert rerun(seed=5)
    assert rerun(slug="other", seed=5) == {"seed": "5"}


def test_an_empty_url_brings_nothing(browser):
    assert rerun() is None
    assert browser == {}


def test_settings_put_in_the_url_replace_their_own_fields_only(browser):
    session.read_url("playground")
    session.put_in_url(Settings(seed=7, edits="2:0:3=0.5"), Settings.model_fields)
    session.put_in_url(Display(shown=2), Display.model_fields)
    session.put_in_url(Settings(seed=8), ["edits"])
    session.write_url("playground")
    assert browser == {"seed": "7", "shown": "2"}


def test_a_file_is_kept_in_the_visit_by_its_hash(browser):
    assert session.files() == {}
    digest = session.keep_file(b"abc")
    assert digest.startswith("ba7816bf")  # FIPS 180-2, appendix B.1
    assert session.files() == {digest: b"abc"}


def test_beyond_the_bound_the_first_files_are_forgotten(browser, monkeypatch):
    monkeypatch.setenv("LAB_VISITOR_FILES_MB", "1")
    desk.cache_clear()
    first, second, third = (session.keep_file(bytes([n]) * 400_000) for n in range(3))
    assert set(session.files()) == {second, third}
    session.keep_file(bytes([1]) * 400_000)  # used again: now the latest
    session.keep_file(b"x" * 400_000)
    assert second in session.files()
    assert third not in session.files()
    alone = session.keep_file(b"y" * 2**21)
    assert set(session.files()) == {alone}
    assert first != second
    desk.cache_clear()


def test_a_run_gets_the_files_that_its_settings_name_and_no_others(browser):
    mine, other = session.keep_file(b"mine"), session.keep_file(b"other")
    assert session.files(Settings(data="csv", file=mine)) == {mine: b"mine"}
    assert session.files(Settings()) == {}
    assert set(session.files()) == {mine, other}


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"learning_rate": "99"}, ["Learning rate", "to 10", "99"]),
        ({"hidden": "4-99"}, ["Hidden layers", "at most 6 layers of 1 to 16 neurons"]),
        ({"data": "<script>"}, ["Data set", "circle"]),
        ({"shuffle": "maybe"}, ["Shuffle", "on or off"]),
        ({"edits": "x" * 3000}, ["Weights set by hand", "epoch:network:parameter=value"]),
        ({"shown": "0"}, ["Network shown", "from 1 to 32"]),
        ({"data": "plane", "loss": "cross_entropy"}, ["Loss", "a squared error"]),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else "",
)
def test_faults_of_a_link_are_named_and_the_rest_is_used(opened, query, named):
    page = opened(**query)
    (said,) = [one.value for one in page.warning]
    assert said.startswith("From the link: ")
    assert all(part in said for part in named)
    assert len(said) < 300
    assert not page.exception
    assert not page.error
    assert not set(query) & set(page.query_params)


def test_an_old_url_in_a_late_rerun_does_not_revert_a_widget(opened):
    page = opened(noise="0.1", stranger="1")
    page.select_slider("train.noise").set_value(0.3)
    page.query_params["stranger"] = "1"
    page.query_params["noise"] = "0.1"
    page.run()
    assert page.select_slider("train.noise").value == 0.3
    assert page.query_params["noise"] == "0.3"


def test_a_link_to_a_table_that_is_not_there_can_be_left(opened):
    page = opened(data="csv")
    assert [one.value for one in page.info] == ["Upload a table to begin, or choose another data set."]
    page.query_params["data"] = "csv"  # the page ended before it could write its URL
    page.selectbox("train.data").set_value("xor").run()
    assert not page.info
    assert page.query_params["data"] == "xor"


def walk(page, url_path):
    """Choose a page from the menu; AppTest's own `switch_page` knows files only, and Start has none."""
    paths = {info["url_pathname"]: key for key, info in page._registered_pages.items()}
    page._page_hash = paths[url_path]
    return page


def test_values_are_kept_while_the_visitor_is_on_another_page(opened):
    page = opened(learning_rate="0.123", hidden="3-5", shown="2", features="x1,x1x2", log_loss="on")
    page.select_slider("train.noise").set_value(0.2).run()
    before = dict(page.query_params)
    page.query_params.clear()
    walk(page, "").run()
    assert not page.select_slider
    page.query_params.clear()
    walk(page, "playground").run()
    assert dict(page.query_params) == before
    assert page.select_slider("train.learning_rate").value == 0.123
    assert page.number_input("display.shown").value == 2
    assert [page.number_input(f"train.hidden.{layer}").value for layer in (0, 1)] == [3, 5]
    assert not page.exception


def test_weights_of_another_network_are_forgotten_in_the_url_and_on_return(opened):
    page = opened(edits="2:0:3=0.5")
    assert page.query_params["edits"] == "2:0:3=0.5"
    page.number_input("train.hidden.0").set_value(3).run()
    assert [one.value for one in page.toast] == ["Another network: the weights set by hand were taken back."]
    assert "edits" not in page.query_params
    assert page.session_state["kept:train"].edits == ""
    page.run()
    assert "edits" not in page.query_params


def test_visits_have_names_of_their_own_and_one_desk(opened):
    one, other = opened(), opened()
    runs = [page.session_state["last:playground/train"] for page in (one, other)]
    assert runs[0].result is not None
    assert runs[0].events == runs[1].events  # the second visitor got the first one's
    assert desk().stats()["workers"] == 0


def test_the_picker_offers_the_devices_that_the_engine_has(opened, monkeypatch):
    page = opened()
    assert page.selectbox(session.DEVICE).disabled
    asked = []
    ask = Desk.ask
    monkeypatch.setattr(Desk, "devices", lambda _desk: ("cpu", "cuda"))
    monkeypatch.setattr(
        Desk, "ask", lambda desk, job, *_, **__: asked.append(job) or ask(desk, CPU_JOB, "ann")
    )
    page.run()
    picker = page.selectbox(session.DEVICE)
    assert (picker.options, picker.disabled) == (["CPU", "GPU"], False)
    picker.set_value("cuda").run()
    assert [job.context.device for job in asked] == ["cpu", "cuda"]
    monkeypatch.setattr(Desk, "devices", lambda _desk: ("cpu",))  # the worker with the GPU has gone
    page.run()
    assert asked[-1].context.device == "cpu"
    assert any("cuda is not present here" in one.value for one in page.caption)
    assert not page.exception


def test_a_page_leaves_the_runs_that_it_did_not_ask_for(opened, monkeypatch):
    kept = []
    monkeypatch.setattr(Desk, "keep_only", lambda _desk, visitor, names: kept.append((visitor, set(names))))
    page = opened()
    page.run()
    assert [names for _visitor, names in kept] == [{"playground/train"}] * 2
    assert len({visitor for visitor, _names in kept}) == 1
    walk(page, "forward_pass").run()
    assert kept[-1][1] == {"forward_pass/walk"}
