"""URLs that are shown or saved never carry their password."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit

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
    safe = urlencode([(name, "***" if name.lower() in _SECRETS else value) for name, value in query], safe="*/")
    # Put together by hand: urlunsplit would lose a slash of sqlite:////path.
    authority = f"//{user}{at}{host}" if url.startswith(f"{parts.scheme}://") else ""
    return f"{parts.scheme}:{authority}{parts.path}" + (f"?{safe}" if safe else "") if parts.scheme else "***"
