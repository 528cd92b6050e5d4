"""Who may ask for what: looked at before Streamlit sees a request or a WebSocket."""

import hmac
import ipaddress
from collections.abc import Callable
from urllib.parse import quote

from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from lab.serving.door import Door

ENTER = "/lab/enter"
PASS = "lab_pass"  # the cookie's name
HEALTH, METRICS = "/lab/health", "/lab/metrics"
OPEN = {ENTER, "/_stcore/health"}
HOSTS = {HEALTH, METRICS, "/_stcore/metrics"}  # for those who run the lab, not for visitors
OWN = ("/lab/runs/", "/media/", "/_stcore/upload_file/")  # what belongs to a visit, beside its WebSocket
PROXIED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


class Gate:
    """ASGI middleware that turns away who may not pass.

    Args:
        app: what is behind the gate.
        door: the class code's door, or None if everyone may enter.
        logged_in: tells whether a connection's owner has logged in, or None if nobody needs to. The pages
            themselves draw the login, so it is asked only for what has no page.
        token: opens health and metrics for those who are not on this machine; empty for nobody.
    """

    def __init__(
        self,
        app: ASGIApp,
        door: Door | None = None,
        logged_in: Callable[[HTTPConnection], bool] | None = None,
        token: str = "",
    ) -> None:
        self._app = app
        self._door = door
        self._logged_in = logged_in
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the connection on, or answer it here."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(HTTPConnection(scope))
        if refusal is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
        else:
            await refusal(scope, receive, send)

    def _refusal(self, asked: HTTPConnection) -> Response | None:
        """Return the answer to who may not pass, or None."""
        path = asked.scope["path"]
        if path in HOSTS:
            fits = may_look(asked, self._token)
            return None if fits else PlainTextResponse("for the host of the lab only", 403)
        if self._door is not None and path not in OPEN and not self._door.opens(asked.cookies.get(PASS)):
            return _to_the_form(asked)
        if self._logged_in is not None and path.startswith(OWN) and not self._logged_in(asked):
            return PlainTextResponse("log in first", 401)
        return None


def _to_the_form(asked: HTTPConnection) -> Response:
    """Lead who opens a page to the form, and from there to the page; refuse all else."""
    wants_page = asked.scope.get("method") == "GET" and "text/html" in asked.headers.get("accept", "")
    if not wants_page:
        return PlainTextResponse("enter the class code first", 401)
    query = asked.scope.get("query_string", b"").decode("latin-1")
    there = asked.scope["path"] + (f"?{query}" if query else "")
    return RedirectResponse(f"{ENTER}?next={quote(there, safe='')}", 303, {"Cache-Control": "no-store"})


def may_look(asked: HTTPConnection, token: str) -> bool:
    """Return whether the connection comes from this machine itself, or brings the host's token.

    Behind a proxy on this machine everyone seems to come from here: what a proxy passed on needs the token.
    """
    given = asked.headers.get("authorization", "").removeprefix("Bearer ").strip()
    if token and hmac.compare_digest(given.encode(), token.encode()):
        return True
    passed_on = any(name in asked.headers for name in PROXIED)
    return not passed_on and asked.client is not None and _is_loopback(asked.client.host)


def _is_loopback(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
