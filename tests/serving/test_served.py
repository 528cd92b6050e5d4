"""A real server with a class code: its headers, its gate, its log, and two visitors who must stay apart."""

import hashlib
import json
import time
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from websockets.exceptions import InvalidStatus

from lab.serving.headers import security_headers
from lab.ui.routes import assets_url
from tests.browser.lab_server import LabServer, lab_served
from tests.serving.visits import Answer, Guest, ask, entered, guest

CODE, TOKEN = "blue whale 7", "token-of-the-host"
TABLE = b"x,y,group\n" + b"".join(b"%d.25,%d.5,kestrel%d\n" % (k, k * k % 7, k % 2) for k in range(40))
NAME = hashlib.sha256(TABLE).hexdigest()
LONG = {"epochs": "3000", "networks": "16", "seed": "77"}  # taken by a worker
CANCELLED = 'lab_runs_total{outcome="cancelled"}'
PROXY = {"X-Forwarded-For": "203.0.113.7"}


@pytest.fixture(scope="module")
def server() -> Iterator[LabServer]:
    environment = {"LAB_CLASS_CODE": CODE, "LAB_METRICS_TOKEN": TOKEN, "LAB_LOG": "json"}
    with lab_served(environment) as served:
        yield served
        assert "Traceback" not in served.log(), served.log()


@pytest.fixture(scope="module")
def passed(server: LabServer) -> dict[str, str]:
    """The cookie of a visitor who knows the class code."""
    answer = entered(server.url, " Blue  Whale 7 ")
    assert (answer.status, answer.headers["Location"]) == (303, "/playground?seed=4")
    (cookie,) = (one for one in answer.headers.get_all("Set-Cookie", []) if one.startswith("lab_pass="))
    assert {"HttpOnly", "SameSite=lax", "Path=/", "Max-Age=43200"} <= set(cookie.split("; "))
    return {"lab_pass": answer.cookies()["lab_pass"]}


def test_without_the_code_there_is_the_form_and_nothing_else(server: LabServer) -> None:
    page = ask(server.url, "/playground?seed=4", headers={"Accept": "text/html,*/*"})
    assert (page.status, page.headers["Location"]) == (303, "/lab/enter?next=%2Fplayground%3Fseed%3D4")
    assert b'name="code"' in ask(server.url, "/lab/enter").body
    for path in ("/", assets_url() + "stage.js", "/lab/runs/x/events", "/_stcore/host-config", "/media/x"):
        assert ask(server.url, path).status == 401, path
    for cookies in ({}, {"lab_pass": "forged"}, {"lab_pass": "ImEi.aaaaaa.aaaaaaaaaaaaaaaaaaaaaaaaaaa"}):
        with pytest.raises(InvalidStatus, match="403"), guest(server.url, cookies=cookies):
            pass


def test_a_wrong_code_is_refused_and_then_has_to_wait(server: LabServer) -> None:
    form = ask(server.url, "/lab/enter").cookies()

    def post(code: str) -> Answer:
        fields = urlencode({"code": code, "form": form["lab_form"], "next": "//elsewhere.example"})
        return ask(server.url, "/lab/enter", "POST", fields, form)

    answers = [post(f"guess {k}") for k in range(5)]
    assert {answer.status for answer in answers} == {403}
    assert all(b"ask your teacher" in answer.body for answer in answers)
    late = post(CODE)
    assert late.status == 429
    assert b"wait a minute" in late.body
    assert "lab_pass" not in late.cookies()
    assert ask(server.url, "/lab/enter", "POST", f"code={CODE}").status == 400  # no form of ours


@pytest.mark.parametrize("body", ["x=1&" * 11, "code=%ff&form=%00&next=%f0", "&" * 5000, "=" * 4096, ""])
def test_a_form_of_nonsense_is_no_form(server: LabServer, body: str) -> None:
    answer = ask(server.url, "/lab/enter", "POST", body, ask(server.url, "/lab/enter").cookies())
    assert answer.status == 400
    assert b'name="code"' in answer.body


def test_behind_https_every_cookie_is_secure(server: LabServer) -> None:
    for answer in (entered(server.url, CODE, {"X-Forwarded-Proto": "https"}), ask(server.url, "/lab/enter")):
        encrypted = answer.status == 303
        cookies = answer.headers.get_all("Set-Cookie", [])
        assert cookies
        assert all(("secure" in cookie.lower()) == encrypted for cookie in cookies)


def test_health_and_metrics_are_for_the_host(server: LabServer, passed: dict[str, str]) -> None:
    for path in ("/lab/health", "/lab/metrics", "/_stcore/metrics"):
        assert ask(server.url, path).status in (200, 503), path  # from this machine itself
        assert ask(server.url, path, cookies=passed, headers=PROXY).status == 403, path
        assert ask(server.url, path, headers={"Authorization": "Bearer wrong", **PROXY}).status == 403, path
        given = ask(server.url, path, headers={"Authorization": f"Bearer {TOKEN}", **PROXY})
        assert given.status in (200, 503), path
    with guest(server.url, "playground", cookies=passed) as ann:
        assert not ann.tells_streamlit
        ann.messages()
        said = json.loads(ask(server.url, "/lab/health").body)
        assert said["status"] == "ready"
        assert said["sessions"] >= 1
        text = ask(server.url, "/lab/metrics").body.decode()
    numbers = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert float(numbers['lab_runs_total{outcome="done"}']) >= 1
    assert float(numbers["lab_workers"]) >= 1
    assert CODE not in text
    assert TOKEN not in text


def test_every_answer_has_the_headers(server: LabServer, passed: dict[str, str]) -> None:
    with guest(server.url, "playground", {**LONG, "seed": "78"}, passed) as ann:
        events = ann.stage()["events"]
        assert events
        answers = {
            "page": ask(server.url, "/", cookies=passed),
            "asset": ask(server.url, assets_url() + "stage.js", cookies=passed),
            "events": ask(server.url, events, cookies=passed),
            "health": ask(server.url, "/lab/health"),
            "upload": ann.upload(TABLE)[1],
            "form": ask(server.url, "/lab/enter"),
            "refusal": ask(server.url, "/"),
        }
    assert [answer.status // 100 for answer in answers.values()] == [2, 2, 2, 2, 2, 2, 4]
    for name, answer in answers.items():
        for header in security_headers():
            assert len(answer.headers.get_all(header, [])) == 1, (name, header)
        assert "'unsafe-eval'" not in answer.headers["Content-Security-Policy"]
        assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]


def test_a_forged_upload_or_origin_is_refused(server: LabServer, passed: dict[str, str]) -> None:
    with guest(server.url, "playground", cookies=passed) as ann:
        path = f"/_stcore/upload_file/{ann.session_id}/x"
        assert ask(server.url, path, "PUT", b"x", passed).status == 403  # without the XSRF token
        assert ann.upload(b"x" * (4 * 2**20 + 1))[1].status == 413
        assert ann.upload(TABLE, "another-session")[1].status == 400
    handshake = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    handshake |= {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Origin": "https://evil.example"}
    evil = ask(server.url, "/_stcore/stream", cookies=passed, headers=handshake)
    assert evil.status == 403


def own_table(visitor: Guest) -> str:
    """Upload the table and see that the page works with it; return the upload's name."""
    name, answer = visitor.upload(TABLE)
    assert answer.status == 204
    visitor.hand_over(name, len(TABLE))
    visitor.messages()
    visitor.rerun()
    assert "kestrel" in visitor.texts()
    return name


def test_no_visitor_sees_anothers_table_or_runs(server: LabServer, passed: dict[str, str]) -> None:
    with guest(server.url, "playground", {"data": "csv"}, passed) as ann:
        upload, run = own_table(ann), ann.stage()["run"]
        with guest(server.url, "playground", {"data": "csv", "file": NAME}, passed) as bob:
            assert "bidi_component" not in bob.kinds()  # a link names the table, and does not bring it
            assert "uploaded in another visit" in bob.texts()
            bob.hand_over(upload, len(TABLE))  # nor does the name of the other's upload
            assert "kestrel" not in bob.texts()
            assert "bidi_component" not in bob.kinds()
            for guess in (run, run[:22], NAME, ann.session_id, "0" * 22):
                assert ask(server.url, f"/lab/runs/{guess}/events", cookies=passed).status == 404, guess
            sent = f"/_stcore/upload_file/{ann.session_id}/{upload}"
            assert b"kestrel" not in ask(server.url, sent, cookies=passed).body
            assert ask(server.url, f"/media/{NAME}", cookies=passed).status == 404
        with guest(server.url, "playground", cookies=passed, protocols=("streamlit", "x", "guess")) as eve:
            assert eve.session_id not in ("guess", ann.session_id)
            assert "kestrel" not in eve.texts()


def test_a_run_ends_with_its_session_and_its_address_needs_the_code(
    server: LabServer, passed: dict[str, str]
) -> None:
    def cancelled() -> float:
        lines = ask(server.url, "/lab/metrics").body.decode().splitlines()
        return next(float(line.split()[1]) for line in lines if line.startswith(CANCELLED))

    before = cancelled()
    query = {**LONG, "seed": "79", "epochs": "10000"}
    with guest(server.url, "playground", query, passed) as ann:
        events = ann.stage()["events"]
        assert ask(server.url, events).status == 401
        assert ask(server.url, events, cookies=passed).status == 200
    deadline = time.monotonic() + 10
    while cancelled() == before:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_log_has_a_line_per_run_and_nothing_of_the_learner(
    server: LabServer, passed: dict[str, str]
) -> None:
    typed = {"example": "own", "expression": "(a+b)*73.4375"}
    with guest(server.url, "backpropagation", typed, passed) as ann:
        assert "73.4375" in ann.texts()
    with guest(server.url, "playground", {"data": "csv"}, passed) as bob:
        own_table(bob)
    lines = [json.loads(line) for line in server.log().splitlines() if line.startswith("{")]
    ended = [line for line in lines if line["event"] == "run ended"]
    assert {"playground/train", "backpropagation/graph"} <= {line["experiment"] for line in ended}
    for line in ended:
        assert len(line["run"]) == 8
        assert line["outcome"] in ("done", "cancelled")
        assert line["seconds"] >= 0
    log = server.log()
    assert "server started" in log
    for secret in (
        "73.4375",
        "kestrel",
        NAME,
        "203.0.113.7",
        CODE,
        TOKEN,
        bob.session_id,
        passed["lab_pass"],
    ):
        assert secret not in log, secret
