"""A visitor without sense: moves every control of the Playground at random and watches what happens.

`python -m tests.browser.monkey --minutes 10` plays on a server of its own; `--url` names another one, and
`--seed` another visitor. It ends with the list of its last acts when it meets an exception box, a complaint
in the browser's console, a traceback in the server's log, or a page that does not answer within ten seconds.
"""

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack

from playwright.sync_api import Error, Locator, TimeoutError, sync_playwright

from tests.browser.lab_page import LabPage
from tests.browser.lab_server import lab_served

PATIENCE = 10  # seconds within which a page must answer
KEYS = ("ArrowLeft", "ArrowRight", "Home", "End", "PageUp", "PageDown")
NUMBERS = (
    "0",
    "1",
    "3",
    "-1",
    "0.5",
    "-2.25",
    "7",
    "16",
    "99",
    "1e9",
    "-1e30",
    "1e-9",
    "2147483647",
    "",
    "-",
    "e",
)


class FoundError(AssertionError):
    """What the monkey has found, with the acts that led there."""


class Monkey:
    """Plays with one tab; `actions` is its log."""

    def __init__(self, lab: LabPage, chance: random.Random, log: Callable[[], str] = str) -> None:
        self.lab = lab
        self.page = lab.page
        self.chance = chance
        self.log = log
        self.actions: list[str] = []
        self.counts: Counter[str] = Counter()
        self.waits: list[float] = []
        self.hands: dict[str, tuple[str, Callable[[Locator], str]]] = {
            "slider": ("[data-testid=stSlider] input", self.keys),
            "timeline": (".stage-timeline input:enabled", self.keys),
            "select": ("[data-testid=stSelectbox] input:enabled", self.option),
            "toggle": ("[data-testid=stCheckbox] input", self.space),
            "pill": ("[data-testid=stButtonGroup] button", self.click),
            "number": ("[data-testid=stNumberInputField]", self.number),
            "step": ("[data-testid=stNumberInput] button:enabled", self.click),
            "button": ("[data-testid=stButton] button:enabled", self.click),
            "stage button": (".stage-button:enabled", self.clicks),
            "neuron": (".stage-neuron", self.click),
            "weight": (".stage-fields input:not([readonly])", self.number),
            "tab": ("[role=tab]", self.click),
            "summary": ("summary", self.click),
        }

    def play(self, seconds: float) -> None:
        """Play for a while.

        Raises:
            FoundError: something went wrong.
        """
        self.lab.go("/playground")
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.act()
            self.look()
        self.lab.go("/playground")
        self.lab.complete()

    def act(self) -> None:
        """Do one thing; what has gone between the look and the hand was no fault."""
        kind = self.chance.choice([*self.hands, "journey"])
        try:
            done = self.journey() if kind == "journey" else self.touch(kind)
        except (TimeoutError, Error) as error:
            done = f"{kind}: gone ({error.message.splitlines()[0][:80]})"
            self.counts["gone"] += 1
        self.actions.append(done)
        self.counts[kind] += 1

    def touch(self, kind: str) -> str:
        selector, hand = self.hands[kind]
        there = self.page.locator(selector).locator("visible=true").all()
        if not there:
            return f"{kind}: none there"
        place = self.chance.randrange(len(there))
        return f"{kind} {place} of {len(there)}: {hand(there[place])}"

    def keys(self, node: Locator) -> str:
        pressed = [self.chance.choice(KEYS) for _key in range(self.chance.randint(1, 3))]
        for key in pressed:
            node.press(key, timeout=1000)
        return f"{node.get_attribute('aria-label', timeout=1000)} {pressed}"

    def option(self, node: Locator) -> str:
        name = node.get_attribute("aria-label", timeout=1000)
        node.click(timeout=1000)
        options = self.page.get_by_role("option")
        options.first.wait_for(timeout=1000)
        chosen = self.chance.choice(options.all())
        text = chosen.inner_text(timeout=1000)
        chosen.click(timeout=1000)
        return f"{name} = {text}"

    def space(self, node: Locator) -> str:
        node.press("Space", timeout=1000)
        return str(node.get_attribute("aria-label", timeout=1000))

    def click(self, node: Locator) -> str:
        name = node.get_attribute("aria-label", timeout=1000) or node.inner_text(timeout=1000)
        node.click(timeout=1000)
        return name

    def clicks(self, node: Locator) -> str:
        """Click, now and then several times faster than the server answers."""
        name = self.click(node)
        again = self.chance.choice((0, 0, 0, 2))
        for _click in range(again):
            node.click(timeout=300)
        return f"{name} x {1 + again}"

    def number(self, node: Locator) -> str:
        """Type a number, good or bad; some are left without Enter."""
        text, key = self.chance.choice(NUMBERS), self.chance.choice(("Enter", "Enter", "Tab", "Escape"))
        node.click(timeout=1000)
        self.page.keyboard.press("ControlOrMeta+A")
        self.page.keyboard.type(text)
        self.page.keyboard.press(key)
        return f"{node.get_attribute('aria-label', timeout=1000)} = {text!r} {key}"

    def journey(self) -> str:
        """Go back, forward, or away and back; seldom reload."""
        way = self.chance.choice(("back", "forward", "menu", "reload"))
        if way == "menu":
            self.page.get_by_role("link", name="Start").first.click(timeout=1000)
            self.lab.idle()
            self.page.get_by_test_id("stMain").get_by_role("link", name="Playground").click(timeout=2000)
        elif way == "reload":
            self.page.reload()
        elif way == "back":
            self.page.go_back()
        else:
            self.page.go_forward()
        if not self.page.url.startswith(f"{self.lab.url}/playground"):
            self.lab.go("/playground")
        return way

    def look(self) -> None:
        """Wait until the page has answered, and read what it says; half of the time, let it train a bit."""
        began = time.monotonic()
        try:
            self.page.wait_for_timeout(self.chance.choice((0, 30, 30, 400)))
            self.lab.idle(PATIENCE)
        except TimeoutError:
            self.fail(f"the page did not answer within {PATIENCE} s")
        self.waits.append(time.monotonic() - began)
        boxes = self.page.get_by_test_id("stException").all_inner_texts()
        if boxes:
            self.fail(f"an exception box: {boxes[0][:500]}")
        if self.lab.complaints:
            self.fail(f"the console says: {self.lab.complaints}")
        if "Traceback" in self.log():
            self.fail("the server's log holds a traceback")

    def fail(self, what: str) -> None:
        acts = "\n  ".join(self.actions[-25:])
        text = f"{what}\nat {self.page.url}\nafter {len(self.actions)} acts, the last:\n  {acts}"
        raise FoundError(f"{text}\nthe end of the server's log:\n{self.log()[-3000:]}")

    def report(self) -> str:
        waits = sorted(self.waits) or [0.0]
        median, most = waits[len(waits) // 2], waits[-1]
        kinds = ", ".join(f"{count} {kind}" for kind, count in self.counts.most_common())
        return f"{len(self.actions)} acts ({kinds}); answers: median {median:.2f} s, longest {most:.2f} s"


def main() -> int:
    """Play as the command line asks, and print what was found."""
    from tests.chromium import FLAGS, program  # noqa: PLC0415  pytest's

    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--url", help="of a lab that runs already")
    given = parser.parse_args()
    with ExitStack() as stack:
        server = None if given.url else stack.enter_context(lab_served())
        playwright = stack.enter_context(sync_playwright())
        chromium = playwright.chromium.launch(executable_path=program(), args=FLAGS)
        url = given.url.rstrip("/") if given.url else server.url if server else ""
        page = LabPage(chromium.new_page(viewport={"width": 1300, "height": 1000}), url)
        monkey = Monkey(page, random.Random(given.seed), server.log if server else str)
        try:
            monkey.play(60 * given.minutes)
        except FoundError as found:
            print(found, monkey.report(), sep="\n")
            return 1
        finally:
            chromium.close()
    print(f"nothing found; {monkey.report()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
