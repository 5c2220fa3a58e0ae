"""URLs that are shown or saved never carry their password."""

from __future__ import annotations

import re

_SECRET = r"[?&](?:password|pass|pwd|sslpassword|token)="
_SECRETS = re.compile(rf"({_SECRET})[^&]*", re.IGNORECASE)
_OPEN_SECRET = re.compile(rf"{_SECRET}[^&]*$", re.IGNORECASE)


def without_password(url: str) -> str:
    """The URL with every password replaced by `***`, in its authority and in its query.

    Whatever stands before the last `@` is taken for the authority, so that a password that should have been quoted
    does not slip through. A text that is no URL is not shown at all.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        return "***"
    user_and_password, at, host = rest.rpartition("@")
    if _OPEN_SECRET.search(user_and_password):  # that @ may as well be a part of a password in the query
        host = re.sub("^[^&]*", "***", host)
    user, colon, _ = user_and_password.partition(":")
    return _SECRETS.sub(r"\1***", f"{scheme}://{user}{':***' if colon else ''}{at}{host}")


def without_secrets(text: str, url: str) -> str:
    """Somebody else's message about a URL, without any part of the URL's password."""
    _, _, password = url.partition("://")[2].rpartition("@")[0].partition(":")
    for part in filter(None, re.split(r"[:/?#@]", password)):
        text = text.replace(part, "***")
    return text
