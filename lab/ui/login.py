"""Who may come in: the form for the class code, and the login of a school."""

import html
from pathlib import Path
from string import Template
from urllib.parse import parse_qs

import streamlit as st
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME
from streamlit.web.server.starlette.starlette_websocket import _get_signed_cookie_with_chunks

from lab.serving.door import FORM_SECONDS, PASS_SECONDS, Door
from lab.serving.gate import ENTER, PASS
from lab.serving.hosting import hosting
from lab.ui.words import words

FORM = "lab_form"  # the cookie's name
MOST_BYTES, MOST_FIELDS = 4096, 10
PAGE = Template(Path(__file__).with_name("assets").joinpath("enter.html").read_text(encoding="utf-8"))


def enter_routes(door: Door) -> list[Route]:
    """Return the route of the form for the class code.

    It is plain HTML before Streamlit: who has not entered can open no session, and only an HTTP answer can
    set a cookie that no script can read.
    """

    async def enter(request: Request) -> Response:
        if request.method != "POST":
            return _form(door, request.query_params.get("next", "/"))
        fields = await _fields(request)
        there = _local(fields.get("next", "/"))
        form, address = request.cookies.get(FORM), request.client.host if request.client else ""
        if form is None or not door.is_form(form, fields.get("form", "")):
            return _form(door, there, words("This form was too old: please enter the class code again."), 400)
        if door.must_wait(form, address):
            too_many = words("Too many wrong codes: please wait a minute, then try again.")
            return _form(door, there, too_many, 429, form)
        if not door.is_code(fields.get("code", ""), form, address):
            wrong = words("This is not the class code: please ask your teacher for it.")
            return _form(door, there, wrong, 403, form)
        answer = RedirectResponse(there, 303, {"Cache-Control": "no-store"})
        answer.delete_cookie(FORM, path=ENTER)
        answer.set_cookie(PASS, door.new_pass(), max_age=PASS_SECONDS, httponly=True, samesite="lax")
        return answer

    return [Route(ENTER, enter, methods=["GET", "POST"])]


def _form(door: Door, there: str, fault: str = "", status: int = 200, form: str | None = None) -> Response:
    """Return the form; it keeps its name after a wrong code, so that tries are counted."""
    form = form or door.new_form()
    texts = {
        "title": words("Deep Learning Lab"),
        "label": words("Class code"),
        "button": words("Enter"),
        "action": ENTER,
        "fault": fault,
        "form": form,
        "next": _local(there),
    }
    page = PAGE.substitute({name: html.escape(text) for name, text in texts.items()})
    answer = HTMLResponse(page, status, {"Cache-Control": "no-store"})
    answer.set_cookie(FORM, form, max_age=FORM_SECONDS, path=ENTER, httponly=True, samesite="strict")
    return answer


async def _fields(request: Request) -> dict[str, str]:
    """Return the fields of a posted form; none of one that is too long or has too many."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            return {}
    try:
        fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=MOST_FIELDS)
    except ValueError:
        return {}
    return {name: values[0] for name, values in fields.items()}


def _local(there: str) -> str:
    """Return `there` if it is a path of this server, else the start page.

    Example:
        >>> _local("/cnn?part=train"), _local("//elsewhere.example"), _local("https://elsewhere.example")
        ('/cnn?part=train', '/', '/')
    """
    leads_away = not there.startswith("/") or there.startswith("//") or "\\" in there
    return "/" if leads_away or not there.isprintable() or there.startswith(ENTER) else there


def is_logged_in(asked: HTTPConnection) -> bool:
    """Return whether the connection brings the cookie that Streamlit gives to who has logged in."""
    return bool(_get_signed_cookie_with_chunks(dict(asked.cookies), USER_COOKIE_NAME))


def admitted() -> bool:
    """Return whether the visitor may see pages; if not, draw the login instead."""
    if hosting().login != "oidc" or st.user.is_logged_in:
        return True
    st.title(words("Deep Learning Lab"), anchor=False)
    st.write(words("Please log in with your school's account to open the lab."))
    st.button(words("Log in"), on_click=st.login, type="primary", icon=":material/login:")
    return False


def logout_button() -> None:
    """Draw the button to log out, where visitors log in."""
    if hosting().login == "oidc":
        st.sidebar.button(words("Log out"), on_click=st.logout, icon=":material/logout:")
