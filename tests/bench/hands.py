"""What a person does at a page, counted, and how long it takes by the keystroke-level model."""

from collections import Counter
from dataclasses import dataclass, field

from playwright.sync_api import Page

# The keystroke-level model (Card, Moran and Newell 1980), in s: a key, a click and the way there, the same to the place
# where a button is let go, a thought before it.
KEY, CLICK, DRAG, MIND = 0.28, 1.1 + 2 * 0.1, 2 * 1.1 + 2 * 0.1, 1.35


@dataclass
class Hands:
    """What a person does. Each decision has a moment of thought before it; watching and going to a place have none."""

    page: Page
    seconds: float = 0.0
    done: Counter[str] = field(default_factory=Counter)  # by kind

    @property
    def actions(self) -> int:
        return self.done.total()

    @property
    def what(self) -> str:
        return ", ".join(f"{kind} {count}" for kind, count in self.done.items())

    def press(self, key: str, kind: str, decides: bool = True) -> None:
        self.page.keyboard.press(key)
        self.did(kind, KEY + (MIND if decides else 0.0))

    def click(self, selector: str, kind: str) -> None:
        self.page.click(selector)
        self.did(kind, CLICK)

    def did(self, kind: str, seconds: float) -> None:
        """One action that takes so long."""
        self.done[kind] += 1
        self.seconds += seconds

    def think(self, times: int) -> None:
        """To see what is right costs thoughts, but no action."""
        self.seconds += times * MIND
