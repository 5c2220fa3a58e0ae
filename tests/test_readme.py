"""The README's commands and code, word by word, in an environment of their own; what they last is cut short."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import site
import socket
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import NullPool, text
from sqlalchemy.ext.asyncio import create_async_engine

from stampede.processes.redis_server import EmbeddedRedis

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8"))
COMMAND = re.compile(r"^(?:\$ )?(?:pip|python|stampede) ", re.MULTILINE)
WITHIN_S = 120
ALL_TESTS = "pip install '.[test]' && pytest"
FEWER = "--trials 1 --instances 2"
SHORT = f"{FEWER} --concurrency 40 --db-latency 300ms --db-connections 40"
"""Few callers at a patient database: valid also where other tests are busy."""

SHORTER = {
    "stampede compare": "--trials 7 --instances 2 --concurrency 40 --db-latency 60ms --db-connections 40",
    "--database": FEWER,
    "--rate": f"{FEWER} --duration 1s --db-latency 20ms --db-connections 40",
    "--sweep": "--trials 1",
    "stampede run zipf": FEWER,
    "latency_p99_ms > 250ms": SHORT.replace("300ms", "100ms"),
    "stampede run": SHORT,
    "python results/regenerate.py": "--only published/artigo-hosts-1 --trials 1",
}
"""What is added to the commands with these words, the first that fits; of an option the last value counts."""


class House(NamedTuple):
    """A checkout with nothing installed but what stampede needs, servers, and a shell there."""

    folder: Path
    environment: dict[str, str]
    theirs: dict[str, str]

    def shell(self, command: str) -> None:
        """Run it as a newcomer would, and show what it said if it fails."""
        for address, ours in self.theirs.items():
            command = command.replace(address, ours)
        ended = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
        )
        assert ended.returncode == 0, f"{command}\n{ended.stdout[-2000:]}\n{ended.stderr[-2000:]}"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, redis7: EmbeddedRedis, postgres_url: str) -> House:
    """What is installed for the tests is there; stampede itself is installed by the README's first command."""
    folder = tmp_path_factory.mktemp("checkout") / "stampede"
    unwanted = shutil.ignore_patterns(".*_cache", ".git", ".venv", "__pycache__", "tests")
    shutil.copytree(ROOT, folder, ignore=unwanted)
    venv = folder.parent / "venv"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    (own,) = venv.glob("lib/python*/site-packages")
    (own / "tests.pth").write_text("\n".join(site.getsitepackages()))
    environment = {
        **os.environ,
        "PATH": f"{venv / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # as pip reads it: do not isolate
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        "COLUMNS": "80",
    }
    theirs = {"redis://localhost:6379": redis7.url, "postgresql+asyncpg://me@localhost/shop": f"'{postgres_url}'"}
    there = House(folder, environment, theirs)
    there.shell("pip install . && stampede init my-scenario.toml")
    return there


@pytest.fixture(scope="module")
def shop(house: House, postgres_url: str) -> None:
    """The tables of the README's database."""

    async def fill() -> None:
        async with create_async_engine(postgres_url, poolclass=NullPool).begin() as connection:
            await connection.execute(text("create table tracks (id int, plays int)"))
            await connection.execute(text("insert into tracks values (1, 5), (2, 9)"))

    asyncio.run(fill())


def commands(block: str) -> list[str]:
    """The commands of a block, without comments and shortened."""
    whole = (re.sub(r"\s+#.*", "", line) for line in block.replace("\\\n", " ").splitlines())
    return [f"{each} {shortened(each)}".strip() for each in whole]


def shortened(command: str) -> str:
    """What makes it short."""
    return next((added for words, added in SHORTER.items() if words in command), "")


def blocks(kind: str) -> list[str]:
    """The blocks of a kind."""
    return [block for found, block in BLOCKS if found == kind]


def test_every_block_says_what_it_is_and_all_commands_stand_in_blocks_of_their_own() -> None:
    assert {kind for kind, _ in BLOCKS} == {"sh", "text", "python", "toml", "yaml"}
    assert not [block for kind, block in BLOCKS if kind not in ("sh", "yaml") and COMMAND.search(block)]


@pytest.mark.parametrize("block", blocks("sh"), ids=lambda block: block.splitlines()[0][:40].strip())
def test_commands_do_what_they_say(house: House, shop: Any, block: str) -> None:
    if block.strip() == ALL_TESTS:
        assert f"\n{ALL_TESTS}\n" in (ROOT / ".ci/run").read_text(), "these tests, which CI installs and runs"
        return
    if "main.json" in block and "--export main.json" not in block:
        house.shell(f"stampede run {SHORT} --export main.json --quiet")
    if block.startswith("stampede serve &"):
        house.shell(script_of_a_service(block, free_port()))
        return
    for command in commands(block):
        house.shell(command)


def script_of_a_service(block: str, port: int) -> str:
    """The block as one script, on a free port, whose second command waits for the first; it ends with the service."""
    serving, *others = block.replace("8080", str(port)).splitlines()
    serving = serving.replace("serve", f"serve --port {port}")
    waiting = f"until curl -sf http://127.0.0.1:{port}/health; do sleep 0.1; done"
    return "\n".join(["trap 'kill %1; wait' EXIT", serving, waiting, *others, "trap - EXIT; wait %1"])


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@pytest.mark.parametrize("block", [block for block in blocks("python") if "from stampede import" in block])
def test_a_page_of_code_does_what_its_comments_say(house: House, block: str) -> None:
    house.shell(f"python - <<'END'\n{block}END")


def test_the_step_of_a_ci_job_passes_and_writes_its_summary(house: House) -> None:
    (step,) = blocks("yaml")
    script = textwrap.dedent(step.partition("run: |\n")[2])
    assert "--trials 5 --db-latency 200ms" in script
    house.shell(script.replace("--trials 5 --db-latency 200ms", SHORT))
    assert "two-level" in (house.folder / "summary.md").read_text()


def test_a_newcomer_needs_ten_commands_at_most() -> None:
    (path,) = (block for block in blocks("sh") if "stampede init checkout.toml" in block)
    words = [each.split()[:2] for each in commands(path)]
    assert len(words) <= 10
    assert [name for _, name in words[:5]] == ["install", "run", "explain", "init", "run"]
    assert {"compare", "diff"} <= {name for _, name in words}
    assert "--fail-if" in path
