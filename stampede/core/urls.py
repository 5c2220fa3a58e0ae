"""URLs that are shown or saved never carry their password."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

_SECRETS = {"password", "pass", "pwd", "sslpassword", "token"}


def without_password(url: str) -> str:
    """The URL with every password replaced by `***`, in its authority and in its query.

    A text that cannot be taken apart is not shown at all.
    """
    try:
        parts = urlsplit(url)
        query = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return "***"
    user, at, host = parts.netloc.rpartition("@")
    if ":" in user:
        user = user.partition(":")[0] + ":***"
    safe = [(name, "***" if name.lower() in _SECRETS else value) for name, value in query]
    return urlunsplit(parts._replace(netloc=user + at + host, query=urlencode(safe, safe="*/")))
