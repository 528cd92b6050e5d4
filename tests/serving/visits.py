"""Visitors who try what a page never does: with cookies, uploads and addresses of their own choice."""

import http.client
import json
import ssl
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from typing import Any

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.load.session import Session
from tests.load.visitor import PATIENCE, Visitor


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered."""

    status: int
    headers: Message
    body: bytes

    def cookies(self) -> dict[str, str]:
        """The cookies that it sets."""
        pairs = (one.partition(";")[0].partition("=") for one in self.headers.get_all("Set-Cookie", []))
        return {name: value for name, _, value in pairs}


def ask(
    url: str,
    path: str,
    method: str = "GET",
    body: bytes | str | None = None,
    cookies: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Send one request and follow no redirect; of a stream, only the first bytes are read."""
    place = urllib.parse.urlsplit(url).netloc
    plain = http.client.HTTPConnection(place, timeout=PATIENCE)
    line = http.client.HTTPSConnection(place, timeout=PATIENCE, context=_tls(url)) if _tls(url) else plain
    line.request(method, path, body, {**(headers or {}), **_cookie(cookies or {})})
    answer = line.getresponse()
    is_stream = "event-stream" in (answer.headers["content-type"] or "")
    body = b"" if answer.status == 101 else answer.read1(200) if is_stream else answer.read()
    found = Answer(answer.status, answer.headers, body)
    line.close()
    return found


def _tls(url: str) -> ssl.SSLContext | None:
    """Return how to speak TLS to a server of the tests, whose certificate nobody knows."""
    if not url.startswith("https"):
        return None
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _cookie(cookies: Mapping[str, str]) -> dict[str, str]:
    text = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return {"Cookie": text} if cookies else {}


def entered(url: str, code: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Fill in the form for the class code, as a browser does."""
    form = ask(url, "/lab/enter", headers=headers).cookies()
    fields = urllib.parse.urlencode({"code": code, "form": form["lab_form"], "next": "/playground?seed=4"})
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return ask(url, "/lab/enter", "POST", fields, form, {**kind, **(headers or {})})


class Guest(Visitor):
    """A visitor who knows the name of the own session, and can upload a file."""

    session_id = ""
    file_name = "t.csv"
    tells_streamlit = True
    cookies: Mapping[str, str] = {}

    def rerun(self, triggers: Mapping[str, str] | None = None) -> None:
        """Ask for a run of the script and take all it sends; remember the session's name."""
        self.line.send(self.session.asked(triggers))
        while True:
            raw = self.line.recv(PATIENCE)
            told = ForwardMsg()
            told.ParseFromString(raw)  # type: ignore[arg-type]
            if told.WhichOneof("type") == "new_session":
                self.session_id = told.new_session.initialize.session_id
                self.tells_streamlit = told.new_session.config.gather_usage_stats
            if self.session.took(raw):
                return

    def upload(self, content: bytes, session: str = "") -> tuple[str, Answer]:
        """Send a file as the browser does, to a session; return its name and the answer."""
        xsrf = ask(self.url, "/_stcore/health", cookies=self.cookies).cookies()
        name, mark = str(uuid.uuid4()), "lab-test-boundary"
        head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{self.file_name}"\r\n\r\n'
        body = head.encode() + content + f"\r\n--{mark}--\r\n".encode()
        answer = ask(
            self.url,
            f"/_stcore/upload_file/{session or self.session_id}/{name}",
            "PUT",
            body,
            {**self.cookies, **xsrf},
            {
                "Content-Type": f"multipart/form-data; boundary={mark}",
                "X-Xsrftoken": xsrf["_streamlit_xsrf"],
            },
        )
        return name, answer

    def hand_over(self, name: str, size: int) -> None:
        """Tell the page's file uploader that the file with this name is uploaded, and take the new page."""
        (uploader,) = self.session.of_kind("file_uploader")
        state = WidgetState(id=uploader.id)
        info = state.file_uploader_state_value.uploaded_file_info.add(
            file_id=name, name=self.file_name, size=size
        )
        info.file_urls.file_id = name
        self.session.widgets[uploader.id] = state
        self.rerun()

    def messages(self) -> list[dict[str, Any]]:
        """Return all that the stage is told of its run, until the run is over."""
        stage = self.stage()
        if stage["events"] is None:
            return [stage["message"]]
        asked = urllib.request.Request(self.url + stage["events"], headers=_cookie(self.cookies))
        with urllib.request.urlopen(asked, timeout=PATIENCE) as stream:
            lines = [line.decode() for line in stream]
        return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]

    def texts(self) -> str:
        """Return all that the page holds, as one text to look for words in."""
        return "\n".join(str(one) for one in self.elements)


@contextmanager
def guest(
    url: str,
    page: str = "",
    query: Mapping[str, str] | None = None,
    cookies: Mapping[str, str] | None = None,
    protocols: tuple[str, ...] = ("streamlit",),
) -> Iterator[Guest]:
    """Open a page as one session, with cookies."""
    context = _tls(url)
    if context:
        # the client reads in a thread of its own: one of 1.3's tickets read there can undo what we write
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    with connect(
        f"{url.replace('http', 'ws', 1)}/_stcore/stream",
        subprotocols=[Subprotocol(one) for one in protocols],
        additional_headers=_cookie(cookies or {}),
        ssl=context,
        open_timeout=PATIENCE,
        compression=None,
        max_size=None,
        proxy=None,
    ) as line:
        visitor = Guest(url, line, Session(page, query))
        visitor.cookies = cookies or {}
        visitor.rerun()
        yield visitor
