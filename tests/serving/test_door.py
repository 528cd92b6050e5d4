"""The class code: signed cookies, forms, and waiting after wrong codes."""

import pytest

from lab.serving import door as doors
from lab.serving.door import Door

CODE, SECRET = "blue whale 7", "s" * 32


def test_a_pass_opens_only_doors_of_the_same_code_and_secret():
    door = Door(CODE, SECRET)
    cookie = door.new_pass()
    assert door.opens(cookie)
    assert Door("  BLUE whale 7", SECRET).opens(cookie)  # another server with the same settings
    for other in (Door("red whale 7", SECRET), Door(CODE, "t" * 32)):
        assert not other.opens(cookie)
    payload, _, rest = cookie.partition(".")
    for forged in (None, "", "x", payload, f"{payload}x.{rest}", cookie[:-1], door.new_form()):
        assert not door.opens(forged), forged


def test_a_pass_and_a_form_grow_old(monkeypatch):
    door = Door(CODE, SECRET)
    cookie, form = door.new_pass(), door.new_form()
    monkeypatch.setattr(doors, "PASS_SECONDS", -1)
    monkeypatch.setattr(doors, "FORM_SECONDS", -1)
    assert not door.opens(cookie)
    assert not door.is_form(form, form)


@pytest.mark.parametrize("code", ["blue whale 7", " Blue  WHALE 7\n"])
def test_capitals_and_blanks_do_not_count(code):
    assert Door(CODE, SECRET).is_code(code, "form", "address")


@pytest.mark.parametrize("code", ["", "blue whale", "bluewhale7", "blue whale 8", "\0", "ü" * 10_000])
def test_another_code_is_wrong(code):
    assert not Door(CODE, SECRET).is_code(code, "form", "address")


def test_a_form_belongs_to_its_cookie():
    door = Door(CODE, SECRET)
    one, two = door.new_form(), door.new_form()
    assert door.is_form(one, one)
    for cookie, field in ((one, two), (None, one), (one, ""), ("x", "x"), (door.new_pass(),) * 2):
        assert not door.is_form(cookie, field)


def test_five_wrong_codes_from_a_form_or_thirty_from_an_address_have_to_wait():
    door = Door(CODE, SECRET)
    for k in range(5):
        assert not door.must_wait("one", "school")
        door.is_code(f"guess {k}", "one", "school")
    assert door.must_wait("one", "school")
    assert not door.must_wait("two", "school")  # a neighbour in the same school may try
    for k in range(25):
        door.is_code("guess", f"form {k}", "school")
    assert door.must_wait("new", "school")
    assert not door.must_wait("new", "home")


def test_a_right_code_is_not_counted():
    door = Door(CODE, SECRET)
    for _ in range(40):
        assert door.is_code(CODE, "one", "school")
    assert not door.must_wait("one", "school")
