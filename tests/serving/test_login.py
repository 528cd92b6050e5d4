"""The login of a school, with a real server, a provider on this machine, and a real browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.lab_server import LabServer, free_port, lab_served
from tests.serving.provider import CLIENT, SECRET, provided
from tests.serving.visits import ask, guest

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    port = free_port()
    with provided() as issuer:
        secrets: Path = tmp_path_factory.mktemp("login") / "secrets.toml"
        secrets.write_text(
            f'[auth]\nredirect_uri = "http://127.0.0.1:{port}/oauth2callback"\n'
            f'cookie_secret = "{"c" * 64}"\nclient_id = "{CLIENT}"\nclient_secret = "{SECRET}"\n'
            f'server_metadata_url = "{issuer}/.well-known/openid-configuration"\n',
            encoding="utf-8",
        )
        environment = {"LAB_LOGIN": "oidc", "STREAMLIT_SECRETS_FILES": str(secrets), "LAB_LOG": "json"}
        with lab_served(environment, port) as served:
            yield served
            assert "Traceback" not in served.log(), served.log()


def test_without_a_login_a_session_gets_the_login_and_nothing_else(server: LabServer) -> None:
    with guest(server.url, "playground", {"seed": "4"}) as eve:
        assert {"html", "heading", "markdown", "button"} >= set(eve.kinds())
        assert "log in with your school" in eve.texts()
        for path in ("/lab/runs/x/events", "/media/x", f"/_stcore/upload_file/{eve.session_id}/x"):
            assert ask(server.url, path).status == 401, path
        forged = {"_streamlit_user": "eyJpc19sb2dnZWRfaW4iOiB0cnVlfQ.x.y"}
        assert ask(server.url, "/lab/runs/x/events", cookies=forged).status == 401


def test_who_logs_in_sees_the_lab_and_can_leave(server: LabServer, browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{server.url}/playground")
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("button", name="Log out").wait_for(timeout=30_000)
    page.goto(f"{server.url}/playground")
    page.get_by_text("Median test loss").wait_for(timeout=30_000)
    cookies = {str(cookie.get("name")): str(cookie.get("value")) for cookie in context.cookies()}
    assert ask(server.url, "/lab/runs/x/events", cookies=cookies).status == 404  # past the gate
    assert "ann@school.example" not in server.log()
    page.get_by_role("button", name="Log out").click()
    page.get_by_role("button", name="Log in").wait_for(timeout=30_000)
    context.close()
