"""A class of three for a few seconds: the command of `make load` works, and nobody's change fails."""

from tests.load.__main__ import load
from tests.load.report import markdown


def test_three_learners_get_their_pictures() -> None:
    done = load(learners=3, seconds=7, period=2.5)
    assert len(done.changes) >= 3
    assert [change for change in done.changes if change.outcome not in ("final", "replaced")] == []
    assert done.count("final") >= done.count("replaced")
    seen = {change.page for change in done.changes if change.outcome == "final"}
    assert {"Playground", "forward pass", "gradient descent (race)"} & seen
    costs = done.cpu_per_change()
    parts = sum(spent for name, spent in costs.items() if name.startswith("- "))
    assert costs["- figures and message"] > 1
    assert costs["- rerun (script)"] > 1
    assert abs(parts - costs["server"]) < 1e-6 < costs["workers"]
    text = markdown([done])
    assert "N = 3" in text
    assert "picture in 2 s" in text
