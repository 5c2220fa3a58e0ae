"""The page, as text; `test_html_in_browser.py` looks at it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from stampede.measure.run import Run
from stampede.measure.trial import Trial
from stampede.reports.formats.html import render

MakeRun = Callable[..., Run]
MakeTrial = Callable[..., Trial]

EVIL = "</script><script>alert(1)</script><!--"
LIMIT = 6_000_000


def test_it_is_one_file_that_fetches_nothing(run: MakeRun, trial: MakeTrial) -> None:
    page = render(run(trial())).decode()
    own = page[: page.index('id="data"')]
    assert not re.search(r"""(src|href)=["'](?!data:)""", own)
    assert "default-src 'none'" in own
    assert len(page) < LIMIT


def test_a_name_cannot_end_the_script_that_holds_it(run: MakeRun, trial: MakeTrial) -> None:
    page = render(run(trial(strategy=EVIL, warnings=[EVIL], error_messages={EVIL: 1}))).decode()
    assert EVIL not in page
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    assert data is not None
    assert json.loads(data[1])["strategies"][0]["label"] == EVIL
    assert "&lt;/script&gt;&lt;script&gt;alert(1)" in page


def test_only_the_trial_with_the_median_p99_stands_for_its_strategy(run: MakeRun, trial: MakeTrial) -> None:
    trials = [trial(trial=n, latency_p99_ms=p99, valid=n != 4) for n, p99 in enumerate((90.0, 300.0, 100.0, 95.0), 1)]
    page = render(run(*trials)).decode()
    data = re.search(r'id="data">(.*?)</script>', page, re.S)
    assert data is not None
    (strategy,) = json.loads(data[1])["strategies"]
    assert strategy["shown"] == 3
    assert strategy["valid"] == [True, True, True, False]
    assert strategy["metrics"]["latency_p99_ms"] == [90.0, 300.0, 100.0, 95.0]
