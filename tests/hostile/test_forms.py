"""What is posted to a real server, in a form or as a file, is refused in words or taken."""

import io
import pickle
import zipfile
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from PIL import Image

from tests.browser.lab_server import LabServer, lab_served
from tests.hostile.garbage import CANARY, CASES, CODE, NUMBERS, ODD, chance_of
from tests.serving.visits import ask, entered, guest

CLASS_CODE = "blue whale 7"
ROUNDS = max(30, CASES // 5)
UPLOADS = [("playground", {"data": "csv"}), ("gradient_descent", {"part": "line", "line_table": "csv"})]
UPLOADS += [("rnn", {"part": "series", "series_task": "csv"}), ("cnn", {"conv_picture": "upload"})]


@pytest.fixture(scope="module")
def server() -> Iterator[LabServer]:
    with lab_served({"LAB_WORKERS": "2", "LAB_CLASS_CODE": CLASS_CODE}) as served:
        yield served
        assert "Traceback" not in served.log(), served.log()


@pytest.fixture(scope="module")
def passed(server: LabServer) -> dict[str, str]:
    """The cookie of a visitor who knows the code."""
    return {"lab_pass": entered(server.url, CLASS_CODE).cookies()["lab_pass"]}


class Armed:
    """Makes the canary when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return open, (f"{CANARY}", "w")  # type: ignore[return-value]


def files() -> dict[str, bytes]:
    """Return files that mean harm, by what they are."""
    bomb, picture = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("t.csv", b"0" * 10_000_000)
    Image.new("1", (30_000, 30_000)).save(picture, "PNG")  # 900 megapixels in 0.1 MB
    rows = "\n".join(f"{code},{code},{code}" for code in CODE * 3)
    return {
        "nothing": b"",
        "a pickle": pickle.dumps(Armed()),
        "an archive": bomb.getvalue(),
        "a picture too large": picture.getvalue(),
        "a picture cut off": picture.getvalue()[:200],
        "code in cells": f"x,y,group\n{rows}\n".encode(),
        "no text": bytes(range(256)) * 50,
        "one long line": b"1," * 500_000,
        "formulas": b"x,y,group\n" + b"=1+1,@SUM(A1),+cmd|'/C calc'!A0\n" * 20,
        "bits": chance_of(8).randbytes(5000),
    }


def test_the_canary_sings() -> None:
    """What the other tests send would make the file, if anybody executed it."""
    code, armed = CODE[0], pickle.dumps(Armed())
    for act in (lambda: eval(code), lambda: pickle.loads(armed).close()):
        act()
        assert CANARY.exists()
        CANARY.unlink()


@pytest.mark.parametrize(("page", "query"), UPLOADS, ids=str)
def test_a_file_of_any_kind_is_taken_or_refused_in_words(
    server: LabServer, passed: dict[str, str], page: str, query: dict[str, str]
) -> None:
    for kind, content in files().items():
        with guest(server.url, page, query, passed) as visitor:
            visitor.file_name = "t.png" if page == "cnn" else "t.csv"  # Streamlit knows these endings only
            name, answer = visitor.upload(content)
            assert answer.status == 204, kind
            visitor.hand_over(name, len(content))
            assert visitor.kinds().count("exception") == 0, kind
            said = [one.body for one in visitor.session.of_kind("alert") if one.format == one.ERROR]
            assert len(said) <= 1, (kind, said)
            assert all("expected" in one for one in said), (kind, said)
            assert said or visitor.session.stages(), kind


def bodies(form: str) -> Iterator[bytes]:
    """Yield what no browser posts from the form."""
    chance = chance_of(9)
    odd = [*NUMBERS, *CODE, *ODD, "z" * 5000]
    for number in range(ROUNDS):
        fields = {"form": form, "code": chance.choice(odd), "next": chance.choice(odd)}
        for name in chance.sample(sorted(fields), chance.randrange(2)):
            fields[name] = chance.choice(odd)
        raw = urlencode(
            {name: text.encode("utf-8", "surrogatepass") for name, text in fields.items()}
        ).encode()
        place = chance.randrange(len(raw))
        yield [raw, raw[:place], raw[:place] + chance.randbytes(60) + raw[place:], chance.randbytes(300)][
            number % 4
        ]


def test_whatever_is_posted_as_a_class_code_is_refused(server: LabServer, passed: dict[str, str]) -> None:
    assert passed["lab_pass"]
    cookies = ask(server.url, "/lab/enter").cookies()
    for number, body in enumerate(bodies(cookies["lab_form"])):
        address = {"X-Forwarded-For": f"198.51.{number // 250}.{number % 250}"}  # nobody has to wait for all
        answer = ask(server.url, "/lab/enter", "POST", body, cookies, address)
        assert answer.status in (400, 403, 429), body
        assert "lab_pass" not in answer.cookies()
        assert b"<script>alert" not in answer.body
    assert entered(server.url, CLASS_CODE).status == 303
