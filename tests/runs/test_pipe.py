import time
from multiprocessing import Pipe

import numpy as np
import pytest

from lab.core.events import Framed, Started, Stepped
from lab.runs.engine import End, Limits
from lab.runs.pipe import CHUNK_SECONDS, Outbox, packed, unpacked

LIMITS = Limits()


def test_items_come_back_in_order_from_one_chunk() -> None:
    frame = Framed(epoch=0.5, parameters=np.arange(6, dtype=np.float32).reshape(2, 3))
    events, end = unpacked(packed(Started(1, 2), LIMITS) + packed(frame, LIMITS))
    assert end is None
    assert events[0] == Started(1, 2)
    assert isinstance(events[1], Framed)
    assert events[1].parameters.tobytes() == frame.parameters.tobytes()
    assert unpacked(packed(Stepped(0.5), LIMITS) + packed(End("done", result=3), LIMITS)) == (
        [Stepped(0.5)],
        End("done", result=3),
    )
    assert unpacked(b"") == ([], None)


def test_an_end_that_cannot_be_pickled_becomes_an_error_and_an_event_raises() -> None:
    _, end = unpacked(packed(End("done", result=lambda: None), LIMITS))
    assert end is not None
    assert (end.state, end.result) == ("error", None)
    assert "pickle.dumps" in end.details
    with pytest.raises(AttributeError):
        packed(Stepped(lambda: None), LIMITS)  # type: ignore[arg-type]


def test_a_fast_stream_costs_few_messages_and_none_waits_for_the_next() -> None:
    ours, theirs = Pipe()
    outbox, start = Outbox(theirs), time.perf_counter()  # type: ignore[arg-type]
    for number in range(300):
        outbox.put(packed(Stepped(number), LIMITS))
        time.sleep(0.0005)
    sent, received, messages = time.perf_counter() - start, list[object](), 0
    while len(received) < 300:
        assert ours.poll(1), "the tail of a burst stays in the outbox"
        received += unpacked(ours.recv_bytes())[0]
        messages += 1
    assert received == [Stepped(number) for number in range(300)]
    assert messages <= sent / CHUNK_SECONDS + 3


def test_the_first_item_and_the_last_one_do_not_wait() -> None:
    ours, theirs = Pipe()
    outbox, taken = Outbox(theirs), list[float]()  # type: ignore[arg-type]
    for _ in range(20):
        for item in (Started(1, 1), End("done")):  # the end follows within the pause after the first
            start = time.perf_counter()
            outbox.put(packed(item, LIMITS), last=isinstance(item, End))
            ours.recv_bytes()
            taken.append(time.perf_counter() - start)
    assert sorted(taken)[len(taken) // 2] < CHUNK_SECONDS / 2
    assert sum(seconds > CHUNK_SECONDS * 0.9 for seconds in taken) < 5
