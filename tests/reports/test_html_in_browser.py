"""The page, looked at in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from stampede.core.model import Role
from stampede.core.units import Duration
from stampede.measure.comparison import Compared, Comparison, Ratio
from stampede.measure.details import replot
from stampede.measure.load import Timeline
from stampede.measure.requests import Requests
from stampede.measure.run import Run
from stampede.measure.staleness import StalenessTimeline
from stampede.measure.trial import Trial
from stampede.reports import files
from stampede.reports.read import read
from stampede.scenario import reading
from stampede.scenario.fault import Fault
from stampede.scenario.model import Event

RESULTS = Path(__file__).parents[2] / "results"

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
        self.page.wait_for_selector(f"#{name} .main-svg:visible")

    def traces(self, name: str) -> list[Any]:
        """What a plot shows."""
        self.plot(name)
        return self.page.evaluate("name => document.getElementById(name).data", name)  # type: ignore[no-any-return]

    def panels(self, name: str) -> dict[str, Any]:
        """What is drawn for each strategy shown: its traces, and the layout."""
        self.plot(name)
        return self.page.evaluate(  # type: ignore[no-any-return]
            """name => Object.fromEntries(
                [...document.querySelectorAll(`#${name} figure:not([hidden])`)].map((each) => {
                    const { data, layout } = each.querySelector(".panel");
                    return [each.querySelector("b").textContent, { data, layout }];
                }))""",
            name,
        )

    def cut_off(self) -> list[str]:
        """The text of whatever is not shown whole, or reaches beyond what is around it."""
        return self.page.evaluate(  # type: ignore[no-any-return]
            """[...document.querySelectorAll("main td, main th, main p, main b, .figures, figcaption")]
                .filter((each) => each.scrollWidth > each.clientWidth + 1 && each.clientWidth
                    || each.getBoundingClientRect().right > innerWidth)
                .map((each) => each.textContent.slice(0, 80))"""
        )

    def lines(self, selector: str) -> list[str]:
        """The first such element's text, as it is broken into lines."""
        return self.page.evaluate(  # type: ignore[no-any-return]
            """selector => {
                const lines = [], range = document.createRange();
                const walk = document.createTreeWalker(document.querySelector(selector), NodeFilter.SHOW_TEXT);
                for (let bottom = 0, node; (node = walk.nextNode()); )
                    for (let at = 0; at < node.length; at++) {
                        range.setStart(node, at);
                        range.setEnd(node, at + 1);
                        const box = range.getBoundingClientRect();
                        if (box.width && box.top >= bottom) { lines.push(""); bottom = box.bottom; }
                        lines[lines.length - 1] += node.data[at];
                    }
                return lines.map(each => each.trim());
            }""",
            selector,
        )

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
    counts = {name: len(seen.traces(name)) for name in ("latency", "requests", "sequence")}
    assert counts == {"latency": 6, "requests": 2, "sequence": 2}
    for name, traces in (("database", 2), ("staleness", 1)):
        drawn = {label: len(panel["data"]) for label, panel in seen.panels(name).items()}
        assert drawn == {"none": traces, "two-level": traces}
    assert seen.page.get_by_text("two-level is better").is_visible()
    assert not seen.page.locator("#sweep-section").is_visible()


def test_a_strategy_that_is_filtered_out_leaves_plots_and_table(
    look: Callable[..., Look], page: Callable[..., Path]
) -> None:
    seen = look(page())
    assert seen.panels("database").keys() == {"none", "two-level"}
    seen.page.get_by_label("none", exact=True).focus()
    seen.page.keyboard.press("Space")
    assert seen.panels("database").keys() == {"two-level"}
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
    # What is not in the picture itself is not seen, whatever the plot was given.
    assert seen.page.locator("#requests .scatterlayer .js-line").count() == 5000
    assert "WebGL" not in seen.page.locator("#requests").inner_text()


def test_what_came_over_time_stands_where_it_began(
    look: Callable[..., Look], run: MakeRun, trial: MakeTrial, tmp_path: Path
) -> None:
    started = np.linspace(0.0, 4.0, 5000)
    steady = replace(burst(4999), started=started, ended=started + np.linspace(0.001, 0.5, 5000))
    files.export(run(replot(trial(), steady)), tmp_path / "steady.html")
    seen = look(tmp_path / "steady.html")
    waiters, _ = seen.traces("requests")
    assert (waiters["x"][-1], waiters["y"][-1]) == (4000.0, pytest.approx(500))
    assert seen.page.locator("#requests .points path").count() == 5000


@pytest.mark.parametrize("width", [1400, 390])
@pytest.mark.parametrize("name", ["hot-key-expiry", "metastable", "published/xfetch-theory"])
def test_nothing_is_cut_off(look: Callable[..., Look], tmp_path: Path, name: str, width: int) -> None:
    files.export(read(RESULTS / f"{name}.json"), tmp_path / "run.html")
    seen = look(tmp_path / "run.html", width=width)
    for plot in ("database", "latency", "requests", "sequence"):
        seen.plot(plot)
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
    assert seen.cut_off() == []


def test_long_names_are_not_wider_than_a_phone(look: Callable[..., Look], page: Callable[..., Path]) -> None:
    seen = look(page("xfetch(beta=2)+redis-lock(lease=5s,poll=20ms)+fail-safe", "none"), width=390)
    for name in ("database", "latency", "requests", "staleness", "sequence"):
        seen.plot(name)
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert seen.cut_off() == []


LONG_LAWS = """
strategies = ["none"]
[workload]
arrivals = "poisson(rate=12345.5,duration=1500ms)"
keys = "zipf(n=1000000,s=1.0005)"
[database]
latency = "lognormal(median=100.25ms,sigma=0.75)"
[[events]]
at = "1s"
do = "slow-database(latency=lognormal(median=1s,sigma=0.5),lasting=100ms)"
"""


def test_a_long_law_is_broken_between_its_parameters_on_a_phone(
    look: Callable[..., Look], run: MakeRun, trial: MakeTrial, tmp_path: Path
) -> None:
    scenario = reading.parse(LONG_LAWS, "my-own-scenario", "mine.toml")
    files.export(run(trial(strategy="none"), scenario=scenario), tmp_path / "run.html")
    seen = look(tmp_path / "run.html", width=390)
    for selector in ("h1", ".events li"):
        lines = seen.lines(selector)
        words = set(re.split(r"(?<=[-,])(?=[a-z])| ", " ".join(lines)))
        assert len(lines) > 1
        whole = set(re.split(r"(?<=[-,])(?=[a-z])|\s", seen.page.text_content(selector) or ""))
        assert words == whole, lines
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_load_is_drawn_from_zero_to_what_was_left_and_to_the_end_on_one_scale(
    look: Callable[..., Look], run: MakeRun, trial: MakeTrial, tmp_path: Path
) -> None:
    steep = trial(db_timeline=Timeline(100.0, [20, 20], [480, 80], (20, 7)), duration_s=0.3)
    flat = trial(strategy="two-level", db_timeline=Timeline(1.0, [1, 1], [0, 0]), duration_s=0.1)
    files.export(run(steep, flat), tmp_path / "run.html")
    panels = look(tmp_path / "run.html").panels("database")
    total, working = panels["none"]["data"]
    assert (total["x"], total["y"]) == ([0, 0, 100, 200, 300], [0, 500, 100, 27, 27])
    assert (working["x"], working["y"]) == ([0, 0, 100, 200, 300], [0, 20, 20, 20, 20])
    assert [panels["two-level"]["data"][1][axis] for axis in "xy"] == [[0, 0, 1, 2, 300], [0, 1, 1, 0, 0]]
    ranges = [[panel["layout"][axis]["range"] for axis in ("xaxis", "yaxis")] for panel in panels.values()]
    assert ranges == [[[0, 300], [0, pytest.approx(540)]]] * 2


def test_events_are_marked_and_a_long_run_is_told_in_seconds(
    look: Callable[..., Look], run: MakeRun, trial: MakeTrial, tmp_path: Path
) -> None:
    events = (
        Event(Duration(3.0), Fault.parse("failing-database(lasting=2s)")),
        Event(Duration(1.5), Fault.parse("flush")),
    )
    scenario = msgspec.structs.replace(run().scenario, events=events)
    made = trial(db_timeline=Timeline(100.0, [1] * 100, [0] * 100), duration_s=10.0)
    files.export(run(made, scenario=scenario), tmp_path / "run.html")
    seen = look(tmp_path / "run.html")
    layout = seen.panels("database")["none"]["layout"]
    assert layout["xaxis"]["range"] == [0, 10]
    assert layout["xaxis"]["ticksuffix"] == " s"
    assert [(shape["type"], shape["x0"], shape["x1"]) for shape in layout["shapes"]] == [
        ("line", 1.5, 1.5),
        ("rect", 3, 5),
        ("line", 3, 3),
    ]
    assert seen.page.locator(".events li").all_inner_texts() == [
        "flush at 1.5s",
        "failing-database(lasting=2s) at 3s",
    ]


def test_a_comparison_is_drawn_with_its_intervals(
    look: Callable[..., Look], run: MakeRun, trial: MakeTrial, tmp_path: Path
) -> None:
    ratios = [
        Ratio("db_hits", 0.25, 0.2, 0.3, 0.01, 10, "lower"),
        Ratio("latency_p99_ms", 1.5, 1.25, 2.0, 0.2, 10, "no significant difference"),
        Ratio("latency_max_ms", 2.0, None, None, None, 10, "not judged", (0, 3)),
    ]
    strategies = [Compared(name, ratios, 10, 0) for name in ("two-level", "lease")]
    made = run(
        *(trial(strategy=name, trial=n) for n in (1, 2) for name in ("none", "two-level", "lease")),
        comparison=Comparison(reference="none", strategies=strategies),
    )
    files.export(made, tmp_path / "run.html")
    seen = look(tmp_path / "run.html")
    two_level, lease = seen.traces("compared")
    assert (two_level["name"], lease["name"], two_level["x"]) == ("two-level", "lease", [0.25, 1.5, 2.0])
    assert two_level["error_x"]["array"] == pytest.approx([0.05, 0.5, 0])
    assert two_level["error_x"]["arrayminus"] == pytest.approx([0.05, 0.25, 0])
    filled = [colour == two_level["marker"]["line"]["color"] for colour in two_level["marker"]["color"]]
    assert filled == [True, False, False]
    # The rows of one metric stand together.
    assert (two_level["y"], lease["y"]) == ([0, 2.5, 5], [1, 3.5, 6])
    assert seen.page.locator("#reference").inner_text() == "none"


def test_one_trial_has_no_sequence(look: Callable[..., Look], run: MakeRun, trial: MakeTrial, tmp_path: Path) -> None:
    files.export(run(trial(), trial(strategy="two-level")), tmp_path / "run.html")
    assert not look(tmp_path / "run.html").page.locator("#sequence-section").is_visible()


def test_dark_is_what_the_system_says_or_the_button(look: Callable[..., Look], page: Callable[..., Path]) -> None:
    path = page()
    light, dark = look(path), look(path, scheme="dark")
    colours = light.background(), dark.background()
    assert colours[0] != colours[1]
    before = light.traces("latency")[2]["line"]["color"]
    light.page.get_by_role("button", name="Dark").press("Enter")
    assert light.background() == colours[1]
    assert light.traces("latency")[2]["line"]["color"] == dark.traces("latency")[2]["line"]["color"] != before


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


def test_a_sweep_has_one_colour_for_each_strategy_and_a_true_axis(
    look: Callable[..., Look], run: MakeRun, trial: MakeTrial, tmp_path: Path
) -> None:
    trials = [
        trial(strategy=name, trial=number, db_hits=int(ms) + number, swept={"db-latency": f"{ms}ms", "instances": n})
        for number in (1, 2, 3)
        for name in ("none", "two-level")
        for ms in ("100", "150", "500")
        for n in ("1", "4")
    ]
    files.export(run(*trials), tmp_path / "sweep.html")
    seen = look(tmp_path / "sweep.html")
    seen.page.locator("#sweep-metric").select_option("db_hits")
    drawn = seen.traces("sweep")
    assert (drawn[0]["x"], drawn[0]["y"]) == ([0.1, 0.15, 0.5], pytest.approx([102, 152, 502], abs=0.5))
    assert min(drawn[0]["error_y"]["array"] + drawn[0]["error_y"]["arrayminus"]) > 0
    styles: dict[str, set[tuple[str, str]]] = {}
    for trace in drawn:
        styles.setdefault(trace["name"].split()[0], set()).add((trace["line"]["color"], trace["line"]["dash"]))
    colours = {name: {colour for colour, _ in each} for name, each in styles.items()}
    assert {name: len(each) for name, each in styles.items()} == {"none": 2, "two-level": 2}
    assert [len(each) for each in colours.values()] == [1, 1]
    assert colours["none"] != colours["two-level"]
    axis = seen.page.evaluate("document.getElementById('sweep').layout.xaxis")
    assert (axis["tickvals"][:3], axis["ticktext"][:3]) == ([0.1, 0.15, 0.5], ["100ms", "150ms", "500ms"])


def test_what_is_no_number_has_its_places_side_by_side(
    look: Callable[..., Look], run: MakeRun, trial: MakeTrial, tmp_path: Path
) -> None:
    files.export(run(*(trial(swept={"db-cancel": each}) for each in ("false", "true"))), tmp_path / "sweep.html")
    (drawn,) = look(tmp_path / "sweep.html").traces("sweep")
    assert drawn["x"] == ["false", "true"]
