import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lab.core.events import Finished, Started
from lab.runs.store import Store

EVENTS = [Started(epochs=1, networks=1), Finished("epochs", 1)]


def test_what_was_put_comes_back() -> None:
    store, result = Store(1), np.arange(3)
    assert store.get("a") is None
    store.put("a", EVENTS, result, 100)
    found = store.get("a")
    assert found is not None
    assert found[0] == EVENTS
    assert found[1] is result
    found[0].clear()  # a reader's list is its own
    assert store.get("a") == (EVENTS, result)


def test_the_least_recently_used_leave_first() -> None:
    store = Store(3 * 100 / 2**20)
    for key in "abc":
        store.put(key, EVENTS, key, 100)
    store.get("a")
    store.put("d", EVENTS, "d", 100)
    assert [key for key in "abcd" if store.get(key)] == ["a", "c", "d"]
    store.put("e", EVENTS, "e", 200)
    assert [key for key in "abcde" if store.get(key)] == ["d", "e"]


def test_what_is_larger_than_the_store_is_left_out() -> None:
    store = Store(100 / 2**20)
    store.put("a", EVENTS, None, 60)
    store.put("b", EVENTS, None, 101)
    assert (store.get("b"), store.get("a")) == (None, (EVENTS, None))


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(1, 150)), max_size=30))
def test_the_bound_holds_and_matches_a_list(puts: list[tuple[str, int]]) -> None:
    store, kept = Store(200 / 2**20), dict[str, int]()
    for key, size in puts:
        store.put(key, EVENTS, size, size)
        kept.pop(key, None)
        while sum(kept.values()) + size > 200:
            kept.pop(next(iter(kept)))
        kept[key] = size
        assert store.size == sum(kept.values()) <= 200
    assert {key: found[1] for key in "abcdef" if (found := store.get(key))} == kept
