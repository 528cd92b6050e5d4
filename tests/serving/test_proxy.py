"""nginx with deploy/nginx.conf before two real servers: every visitor stays with one, and the page works."""

import contextlib
import json
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from lab.serving.headers import security_headers
from tests.browser.lab_server import LabServer, free_port, lab_served
from tests.needed import needed
from tests.serving.visits import ask, entered, guest

DEPLOY = Path(__file__).parents[2] / "deploy"
CODE = "blue whale 7"
TABLE = b"x,y,group\n" + b"".join(b"%d,%d,bird%d\n" % (k, k * k % 7, k % 2) for k in range(40))
LONG = {"epochs": "3000", "networks": "16"}

pytestmark = pytest.mark.browser


@dataclass(frozen=True, slots=True)
class Site:
    """The proxy's address, its authority's certificate, and the servers behind it."""

    url: str
    authority: Path
    servers: list[LabServer]


@pytest.fixture(scope="module")
def servers() -> Iterator[list[LabServer]]:
    for program in ("nginx", "openssl"):
        needed(program)
    environment = {"LAB_CLASS_CODE": CODE, "LAB_SECRET": "the same on both servers"}
    with contextlib.ExitStack() as stack, ThreadPoolExecutor(2) as pool:
        contexts = [lab_served(environment) for _ in range(2)]
        yield list(pool.map(stack.enter_context, contexts))


@pytest.fixture(scope="module")
def site(servers: list[LabServer], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Our nginx.conf as it is, but for the places of servers, certificates and temporary files."""
    folder = tmp_path_factory.mktemp("nginx")
    subprocess.run([DEPLOY / "make-certificates", folder, "127.0.0.1"], check=True)
    port = free_port()
    conf = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    places = {
        "lab1:8501": servers[0].url.removeprefix("http://"),
        "lab2:8501": servers[1].url.removeprefix("http://"),
        "listen 8080": f"listen 127.0.0.1:{free_port()}",
        "listen 8443": f"listen 127.0.0.1:{port}",
        "/etc/nginx/tls": f"{folder}/127.0.0.1",
        "/tmp/nginx": f"{folder}/nginx",
        "worker_processes auto": "worker_processes 1",
        "error_log /dev/stderr": f"error_log {folder}/errors",
    }
    for ours, here in places.items():
        assert ours in conf
        conf = conf.replace(ours, here)
    me = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    (folder / "nginx.conf").write_text(f"user {me};\ndaemon off;\n{conf}", encoding="utf-8")
    proxy = subprocess.Popen(["nginx", "-p", folder, "-c", folder / "nginx.conf"])
    url = f"https://127.0.0.1:{port}"
    try:
        _wait(url, proxy)
        yield Site(url, folder / "ca.pem", servers)
    finally:
        proxy.terminate()
        proxy.wait(10)


def _wait(url: str, proxy: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and proxy.poll() is None:
        with contextlib.suppress(OSError):
            ask(url, "/_stcore/health")
            return
        time.sleep(0.05)
    raise AssertionError("nginx did not start")


def sessions(server: LabServer) -> int:
    return json.loads(ask(server.url, "/lab/health").body)["sessions"]


def test_every_visitor_stays_with_one_server_and_both_are_used(site: Site) -> None:
    passed = {"lab_pass": entered(site.servers[0].url, CODE).cookies()["lab_pass"]}  # valid on both
    used: set[int] = set()
    for number in range(40):
        cookies = {**passed, "lab_server": f"{number:032x}"}
        with guest(site.url, "playground", {**LONG, "seed": str(number)}, cookies) as ann:
            (home,) = (place for place, server in enumerate(site.servers) if sessions(server))
            used.add(home)
            assert ann.upload(TABLE)[1].status == 204  # another server would not know the session
            events = ann.stage()["events"]
            assert ask(site.url, events, cookies=cookies).status == 200
            other = site.servers[1 - home]
            assert ask(other.url, events, cookies=cookies).status == 404
        for server in site.servers:
            _left(server)
        if used == {0, 1} and number >= 3:
            return
    raise AssertionError(f"40 visitors, and all on {used}")


def _left(server: LabServer) -> None:
    deadline = time.monotonic() + 5
    while sessions(server):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_proxy_names_a_visitor_once(site: Site) -> None:
    first = ask(site.url, "/lab/enter")
    (cookie,) = (one for one in first.headers.get_all("Set-Cookie", []) if one.startswith("lab_server="))
    assert {"HttpOnly", "Secure", "SameSite=Lax"} <= set(cookie.split("; "))
    again = ask(site.url, "/lab/enter", cookies=first.cookies())
    assert "lab_server" not in again.cookies()
    chosen = ask(site.url, "/lab/enter", cookies={"lab_server": "of my own choice"})
    assert len(chosen.cookies()["lab_server"]) == 32


def test_headers_are_there_once_and_cookies_are_secure(site: Site) -> None:
    answer = entered(site.url, CODE)
    assert answer.status == 303
    for header in ("Strict-Transport-Security", *security_headers()):
        assert len(answer.headers.get_all(header, [])) == 1, header
    assert all("; secure" in cookie.lower() for cookie in answer.headers.get_all("Set-Cookie", []))


def test_a_session_opens_under_a_name_without_a_port(site: Site) -> None:
    cookies = {"lab_pass": entered(site.url, CODE).cookies()["lab_pass"]}
    handshake = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    handshake |= {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Host": "lab.example"}
    for origin, status in (("https://lab.example", 101), ("https://evil.example", 403)):
        headers = {**handshake, "Origin": origin}
        assert ask(site.url, "/_stcore/stream", cookies=cookies, headers=headers).status == status


def test_the_hosts_pages_and_large_bodies_stop_at_the_proxy(site: Site) -> None:
    for path in ("/lab/health", "/lab/metrics", "/_stcore/metrics", "//lab/metrics", "/x/../lab/metrics"):
        assert ask(site.url, path, headers={"X-Forwarded-For": "127.0.0.1"}).status in (401, 403, 404), path
    assert ask(site.url, "/lab/enter", "POST", b"x" * (5 * 2**20 + 1)).status == 413


def test_the_certificate_is_the_authoritys(site: Site) -> None:
    trust = ssl.create_default_context(cafile=str(site.authority))
    with urllib.request.urlopen(f"{site.url}/_stcore/health", context=trust, timeout=10) as answer:
        assert answer.status == 200


def test_a_class_works_through_the_proxy_in_a_browser(site: Site, browser: Browser) -> None:
    context = browser.new_context(ignore_https_errors=True)
    page = context.new_page()
    refused: list[str] = []
    page.on("console", lambda said: refused.append(said.text) if "Security Policy" in said.text else None)
    page.goto(f"{site.url}/playground?seed=5")
    page.get_by_label("Class code").fill("nonsense")
    page.get_by_role("button", name="Enter").click()
    assert "not the class code" in page.get_by_role("alert").inner_text()
    page.get_by_label("Class code").fill(CODE)
    page.get_by_role("button", name="Enter").click()
    page.get_by_text("Median test loss").wait_for(timeout=30_000)
    assert "seed=5" in page.url
    page.goto(f"{site.url}/gradient_descent")  # another page, and the code is not asked again
    page.wait_for_selector(".js-plotly-plot", timeout=30_000)
    cookies = {str(cookie.get("name")): cookie for cookie in context.cookies()}
    assert all(cookie.get("secure") for cookie in cookies.values())
    assert cookies["lab_pass"].get("httpOnly")
    context.close()
    assert refused == []


def test_the_proxy_writes_down_no_visitors_address(site: Site) -> None:
    assert ask(site.url, "/", "POST", b"x" * (5 * 2**20 + 1)).status == 413  # to nginx, an error
    assert ask(site.url, "/../../etc/passwd").status == 400
    assert (site.authority.parent / "errors").read_text() == ""
