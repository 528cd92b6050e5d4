"""Who is on this machine, where a form may lead, and what a login protects."""

import pytest
from starlette.applications import Starlette
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from lab.serving.gate import Gate, may_look
from lab.ui.login import _local
from tests.waited import waited


def connection(path="/", client="127.0.0.1", **headers):
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return HTTPConnection(
        {"type": "http", "path": path, "method": "GET", "client": (client, 1), "headers": raw}
    )


@pytest.mark.parametrize("client", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_this_machine_may_look_unless_a_proxy_speaks_for_others(client):
    assert may_look(connection(client=client), "")
    for header in ("x_forwarded_for", "forwarded", "x_real_ip", "via"):
        assert not may_look(connection(client=client, **{header: "127.0.0.1"}), "")


@pytest.mark.parametrize("client", ["10.0.0.1", "203.0.113.7", "::ffff:203.0.113.7", "testclient", ""])
def test_others_need_the_token(client):
    assert not may_look(connection(client=client), "")
    assert not may_look(connection(client=client, authorization="Bearer "), "")
    assert not may_look(connection(client=client, authorization="Bearer wrong"), "right")
    assert may_look(connection(client=client, authorization="Bearer right"), "right")
    assert may_look(
        connection(client=client, authorization="Bearer right", x_forwarded_for="1.2.3.4"), "right"
    )


@pytest.mark.parametrize(
    "there",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "evil",
        "",
        "/\r\nX: y",
        "/lab/enter?next=/",
    ],
)
def test_the_form_leads_nowhere_else(there):
    assert _local(there) == "/"


def test_a_login_protects_what_has_no_page():
    app = Starlette(routes=[Route("/{path:path}", lambda _request: PlainTextResponse("in"))])

    def status(path, cookie):
        sent = []

        async def send(message):
            sent.append(message)

        async def receive():
            return {"type": "http.request", "body": b""}

        gate = Gate(app, logged_in=lambda asked: asked.cookies.get("who") == "ann")
        waited(gate(connection(path, cookie=f"who={cookie}").scope, receive, send))
        return sent[0]["status"]

    for path in ("/lab/runs/x/events", "/media/x.png", "/_stcore/upload_file/a/b"):
        assert status(path, "ann") == 200
        assert status(path, "eve") == 401
    assert status("/playground", "eve") == 200  # which draws the login
