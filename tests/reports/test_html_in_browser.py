"""The page, looked at in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from stampede.core.model import Role
from stampede.measure.fold import replot
from stampede.measure.requests import Requests
from stampede.measure.run import Run
from stampede.measure.staleness import StalenessTimeline
from stampede.measure.trial import Trial
from stampede.reports import files

QUIET = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]
EVIL = '<img src=x onerror="document.title=1"></script><script>document.title=2</script>'
PATIENCE_MS = 60_000

MakeRun = Callable[..., Run]
MakeTrial = Callable[..., Trial]


Scheme = Literal["light", "dark"]


class Look:
    """A page in a browser, with all that it complained about and all that it asked for."""

    def __init__(
        self, browser: Browser, path: Path, width: int = 1400, scheme: Literal["light", "dark"] = "light"
    ) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda m: self.complaints.append(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.goto(path.as_uri())
        self.page.wait_for_selector("html[data-ready=yes]")

    def plot(self, name: str) -> None:
        """Bring a plot into view, and wait until it is drawn."""
        self.page.locator(f"#{name}").scroll_into_view_if_needed()
        self.page.wait_for_selector(f"#{name} .main-svg")

    def traces(self, name: str) -> list[Any]:
        """What a plot shows."""
        self.plot(name)
        return self.page.evaluate("name => document.getElementById(name).data", name)  # type: ignore[no-any-return]

    def background(self) -> str:
        return str(self.page.evaluate("getComputedStyle(document.body).backgroundColor"))


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        yield opened
        opened.close()


@pytest.fixture
def look(browser: Browser) -> Iterator[Callable[..., Look]]:
    """Opens a page; at the end none may have complained, and none may have asked for anything but itself."""
    looks: list[Look] = []

    def open_(path: Path, **how: Any) -> Look:
        looks.append(Look(browser, path, **how))
        return looks[-1]

    yield open_
    for each in looks:
        each.context.close()
        assert each.complaints == []
        assert [url.partition(":")[0] for url in each.requests if not url.startswith(("data:", "blob:"))] == ["file"]


def burst(waiters: int) -> Requests:
    """One leader, and those who waited for it."""
    count = waiters + 1
    started = np.linspace(0.0, 0.01, count)
    roles = np.full(count, Role.WAITER, np.int8)
    roles[0] = Role.LEADER
    zeros = np.zeros(count, np.int32)
    return Requests(zeros, zeros, np.zeros(count), started, started + 0.1, zeros.astype(np.int8), roles, zeros + 1)


@pytest.fixture
def page(tmp_path: Path, run: MakeRun, trial: MakeTrial) -> Callable[..., Path]:
    """Makes the page of a run with two strategies of two trials each."""

    def make(*names: str, waiters: int = 50) -> Path:
        stale = StalenessTimeline(10.0, [0.0, 25.5, 0.0], [0, 3, 0])
        trials = [
            replot(trial(strategy=name, trial=number, staleness_timeline=stale, db_hits=number), burst(waiters))
            for number in (1, 2)
            for name in names or ("none", "two-level")
        ]
        files.export(run(*trials, verdicts=["two-level is better"]), tmp_path / "run.html")
        return tmp_path / "run.html"

    return make


def test_every_plot_is_drawn_when_it_comes_into_view(look: Callable[..., Look], page: Callable[..., Path]) -> None:
    seen = look(page())
    counts = {name: len(seen.traces(name)) for name in ("database", "latency", "requests", "staleness", "sequence")}
    assert counts == {"database": 4, "latency": 6, "requests": 2, "staleness": 2, "sequence": 2}
    assert seen.page.get_by_text("two-level is better").is_visible()
    assert not seen.page.locator("#sweep-section").is_visible()


def test_a_strategy_that_is_filtered_out_leaves_plots_and_table(
    look: Callable[..., Look], page: Callable[..., Path]
) -> None:
    seen = look(page())
    assert {trace["name"] for trace in seen.traces("database")} == {"none", "two-level"}
    seen.page.get_by_label("none", exact=True).focus()
    seen.page.keyboard.press("Space")
    assert {trace["name"] for trace in seen.traces("database")} == {"two-level"}
    assert {trace["name"] for trace in seen.traces("sequence")} == {"two-level"}
    rows = seen.page.locator("tr[data-row]")
    assert [rows.nth(n).is_visible() for n in range(2)] == [False, True]


def test_pointing_at_a_curve_tells_its_figures(look: Callable[..., Look], page: Callable[..., Path]) -> None:
    seen = look(page())
    seen.plot("sequence")
    seen.page.locator("#metric").select_option("db_hits")
    seen.page.locator("#sequence .points path").first.hover(force=True)
    hover = seen.page.locator("#sequence .hoverlayer .hovertext").first
    hover.wait_for()
    assert "trial 1: 1" in str(hover.text_content())


def test_five_thousand_requests_are_drawn_with_the_one_leader_on_top(
    look: Callable[..., Look], page: Callable[..., Path]
) -> None:
    seen = look(page("two-level", waiters=4999))
    waiters, leader = seen.traces("requests")
    assert (waiters["name"], leader["name"]) == ("waiter (4,999)", "leader (1)")
    assert len(waiters["x"]) == 3 * 4999
    assert leader["line"]["width"] >= 3
    assert "5,000 of 5,000 requests" in seen.page.locator("#sample-note").inner_text()


def test_nothing_is_wider_than_a_phone(look: Callable[..., Look], page: Callable[..., Path]) -> None:
    seen = look(page("xfetch(beta=2)+redis-lock(lease=5s,poll=20ms)+fail-safe", "none"), width=400)
    for name in ("database", "latency", "requests", "staleness", "sequence"):
        seen.plot(name)
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= 400


def test_dark_is_what_the_system_says_or_the_button(look: Callable[..., Look], page: Callable[..., Path]) -> None:
    path = page()
    light, dark = look(path), look(path, scheme="dark")
    colours = light.background(), dark.background()
    assert colours[0] != colours[1]
    before = light.traces("database")[0]["line"]["color"]
    light.page.get_by_role("button", name="Dark").press("Enter")
    assert light.background() == colours[1]
    assert light.traces("database")[0]["line"]["color"] == dark.traces("database")[0]["line"]["color"] != before


def test_a_name_that_is_html_is_shown_as_text(look: Callable[..., Look], page: Callable[..., Path]) -> None:
    seen = look(page(EVIL, "none"))
    assert EVIL in seen.page.locator("#filter").inner_text()
    assert seen.page.locator("tr[data-row] th").first.inner_text() == EVIL
    seen.plot("sequence")
    seen.page.locator("#sequence .points path").first.hover(force=True)
    seen.page.locator("#sequence .hoverlayer .hovertext").first.wait_for()
    assert seen.page.locator("img").count() == 0
    assert seen.page.title() == "stampede: cold-burst"


def test_a_run_that_saved_nothing_to_plot_still_has_its_page(
    look: Callable[..., Look], run: MakeRun, trial: MakeTrial, tmp_path: Path
) -> None:
    bare = msgspec.structs.replace(trial(), latency_curve=None, sample=None, db_timeline=None)
    files.export(run(bare), tmp_path / "bare.html")
    seen = look(tmp_path / "bare.html")
    assert seen.traces("latency") == []
    note = seen.page.locator("#sample-note")
    note.scroll_into_view_if_needed()  # a plot is drawn, and its note written, when it comes into view
    note.filter(has_text="no single requests").wait_for()
    assert not seen.page.locator("#staleness-section").is_visible()


def test_a_sweep_is_drawn_over_its_parameter_with_intervals(
    look: Callable[..., Look], run: MakeRun, trial: MakeTrial, tmp_path: Path
) -> None:
    trials = [
        trial(trial=number, db_hits=int(size) + number, swept={"concurrency": size})
        for number in (1, 2, 3)
        for size in ("100", "500")
    ]
    files.export(run(*trials), tmp_path / "sweep.html")
    seen = look(tmp_path / "sweep.html")
    seen.page.locator("#sweep-metric").select_option("db_hits")
    (drawn,) = seen.traces("sweep")
    assert (drawn["x"], drawn["y"]) == (["100", "500"], pytest.approx([102, 502], abs=0.5))
    assert min(drawn["error_y"]["array"] + drawn["error_y"]["arrayminus"]) > 0
