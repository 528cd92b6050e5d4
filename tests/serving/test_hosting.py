"""The host's settings, the headers they give, the numbers and the log."""

import json
import logging

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from streamlit import config

from lab.serving.headers import security_headers
from lab.serving.hosting import Hosting, HostingError, hosting_of, tell
from lab.serving.logs import Lines
from lab.serving.metrics import LabCollector


def test_on_a_laptop_nothing_is_set():
    chosen = hosting_of({})
    assert (chosen.class_code, chosen.login, chosen.metrics_token, chosen.log) == ("", "", "", "")
    assert chosen.secret != hosting_of({}).secret


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LAB_CLASS_CODE", "short"),
        ("LAB_LOGIN", "ldap"),
        ("LAB_LOG", "yaml"),
        ("LAB_FRAME_ANCESTORS", "https://a.example; script-src *"),
        ("LAB_FRAME_ANCESTORS", "a\r\nX: y"),
    ],
)
def test_what_cannot_work_is_refused_by_name(name, value):
    with pytest.raises(HostingError, match=name) as refusal:
        hosting_of({name: value})
    if name == "LAB_CLASS_CODE":
        assert value not in str(refusal.value)


def test_secrets_are_not_shown():
    shown = repr(Hosting(class_code="blue whale", secret="hush", metrics_token="quiet"))
    assert not [hidden for hidden in ("whale", "hush", "quiet") if hidden in shown]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("browser.gatherUsageStats", False),
        ("client.showErrorDetails", "none"),
        ("client.showErrorLinks", False),
        ("server.enableCORS", True),
        ("server.enableXsrfProtection", True),
        ("server.maxUploadSize", 4),
        ("server.address", "localhost"),
    ],
)
def test_streamlit_is_told_to_keep_silent_and_shut(option, value):
    assert config.get_option(option) == value


def test_without_a_secret_the_log_says_so(monkeypatch, caplog):
    monkeypatch.delenv("LAB_SECRET", raising=False)
    tell(Hosting())
    assert not caplog.records
    tell(Hosting(class_code="blue whale"))
    assert "LAB_SECRET" in caplog.text
    assert "whale" not in caplog.text


def test_a_school_may_frame_the_lab():
    ours = security_headers()
    assert ours["X-Frame-Options"] == "SAMEORIGIN"
    theirs = security_headers("'self' https://school.example")
    assert "frame-ancestors 'self' https://school.example" in theirs["Content-Security-Policy"]
    assert "X-Frame-Options" not in theirs


def test_only_the_scripts_of_the_page_itself_may_run():
    page = '<script src="a.js"></script><script>let x = 1</script>'
    policy = security_headers(page=page)["Content-Security-Policy"]
    assert "'sha256-+9RIDzvx0TGl4PMcwUdjIf3oi5QYiuHS1C+f52uNBBc='" in policy
    assert policy.count("sha256") == 1
    assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]


def test_numbers_are_in_prometheus_format_and_may_be_missing():
    registry = CollectorRegistry()
    registry.register(LabCollector(lambda: {"workers": 2, "runs_done": 3, "runs_error": 1, "store_hits": 9}))
    lines = generate_latest(registry).decode().splitlines()
    assert {
        "lab_workers 2.0",
        'lab_runs_total{outcome="done"} 3.0',
        'lab_runs_total{outcome="error"} 1.0',
        "lab_store_hits_total 9.0",
    } <= set(lines)
    assert not any(line.startswith("lab_queued") for line in lines)


def record(**more):
    logger = logging.getLogger("lab.test")
    return logger.makeRecord("lab.test", logging.ERROR, "f.py", 1, "a\nfault of %s", ("a run",), **more)


def test_a_line_is_one_json_object_or_one_line_of_text():
    one = record(exc_info=None, extra={"run": "abcd1234", "seconds": 0.5, "other": "no"})
    said = json.loads(Lines(as_json=True).format(one))
    assert (said["level"], said["event"], said["run"], said["seconds"]) == (
        "error",
        "a\nfault of a run",
        "abcd1234",
        0.5,
    )
    assert "other" not in said
    text = Lines(as_json=False).format(one)
    assert "\n" not in text
    assert text.endswith("error lab.test a fault of a run run=abcd1234 seconds=0.5")


@pytest.mark.parametrize("as_json", [True, False])
def test_a_fault_is_told_without_its_message(as_json):
    def compute():
        raise ValueError("cannot read 'my secret diary'")

    with pytest.raises(ValueError, match="diary") as caught:
        compute()
    fault = caught.value
    line = Lines(as_json=as_json).format(record(exc_info=(type(fault), fault, fault.__traceback__)))
    assert "ValueError" in line
    assert "compute" in line
    assert "diary" not in line
