"""The class code: signed cookies, forms, and waiting after wrong codes."""

import string

import pytest

from lab.serving import door as doors
from lab.serving.door import WRONG_PER_ADDRESS, WRONG_PER_FORM, Door
from lab.serving.hosting import SHORTEST_CODE

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


def test_five_wrong_codes_from_a_form_have_to_wait_and_no_neighbour_has_to():
    door = Door(CODE, SECRET)
    for k in range(5):
        assert not door.must_wait("one", "school")
        door.is_code(f"guess {k}", "one", "school")
    assert door.must_wait("one", "school")
    assert not door.must_wait("two", "school")


def test_a_pupil_who_changes_forms_does_not_shut_the_class_out_but_a_program_that_guesses_waits():
    door = Door(CODE, SECRET)
    for k in range(WRONG_PER_ADDRESS.amount):
        assert not door.must_wait("a neighbour's", "school"), k
        door.is_code("guess", f"form {k}", "school")
    assert door.must_wait("new", "school")
    assert not door.must_wait("new", "home")


def test_what_the_door_allows_is_too_little_to_find_the_shortest_code():
    codes = len(string.ascii_lowercase + string.digits) ** SHORTEST_CODE
    minutes_per_year = 60 * 24 * 365
    assert codes / 2 / WRONG_PER_ADDRESS.amount / minutes_per_year > 6
    assert WRONG_PER_ADDRESS.amount >= 5 * WRONG_PER_FORM.amount * 10  # a class in which all are mistaken


def test_a_right_code_is_not_counted():
    door = Door(CODE, SECRET)
    for _ in range(40):
        assert door.is_code(CODE, "one", "school")
    assert not door.must_wait("one", "school")
