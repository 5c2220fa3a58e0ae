"""What the package needs where it is built: the embedded server only where there is a wheel of it.

No environment marker tells musl or an old glibc from others, so with one the whole installation would fail there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface
from packaging.tags import Tag, sys_tags


def server_tag(wheels: Iterable[str], supported: Iterable[Tag]) -> str | None:
    """The best of the platforms that have a wheel of the server, among those that fit here; None: there is none."""
    having = set(wheels)
    return next((tag.platform for tag in supported if tag.platform in having), None)


class Dependencies(MetadataHookInterface):
    """Adds the server to what is always needed."""

    PLUGIN_NAME = "custom"

    def update(self, metadata: dict[str, Any]) -> None:
        """Fill in `dependencies`."""
        server = self.config["server"]
        here = server_tag(server["platforms"], sys_tags()) is not None
        metadata["dependencies"] = self.config["dependencies"] + [server["requirement"]] * here


class Platform(BuildHookInterface[Any]):
    """Names the platform in a wheel that needs the server; one that does not is for any."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Choose the wheel's tag."""
        hooks = self.metadata.config["tool"]["hatch"]["metadata"]["hooks"]
        platform = server_tag(hooks["custom"]["server"]["platforms"], sys_tags())
        build_data["tag"] = f"py3-none-{platform or 'any'}"
