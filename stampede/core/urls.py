"""URLs that are shown or saved never carry their password: what may be shown is decided by where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote, unquote, unquote_plus

from stampede.core.errors import UsageError

HIDDEN = "***"
_SHOWN = re.compile(
    r"application_name|client_name|command_timeout|database|db|dbname|decode_responses|encoding|health_check_interval"
    r"|host|lib_name|lib_version|max_connections|path|port|prepared_statement_cache_size|protocol|retry_on_timeout"
    r"|socket_(connect_timeout|keepalive|read_size|timeout)|ssl|sslcert|sslkey|sslmode|sslrootcert"
    r"|ssl_(ca_certs|ca_path|cert_reqs|certfile|check_hostname|keyfile|min_version)|target_session_attrs|timeout"
    r"|user|username",
    re.IGNORECASE,
)
"""Options whose values are nobody's secret. Of any other it cannot be known."""


def without_password(url: str) -> str:
    """The URL with `***` in the place of its password, and of the value of every option that may hold a secret.

    Whatever stands before the last `@` is taken for the authority, so that a password that should have been quoted
    does not slip through. A text that is no URL is not shown at all.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        return HIDDEN
    login, at, place = rest.rpartition("@")
    if "?" in login or "#" in login:  # that @ may as well be a part of an option's value
        return f"{scheme}://{re.split('[:?#]', login)[0]}{HIDDEN}"
    user, colon, _ = login.partition(":")
    place, query, options = place.partition("?")
    place, fragment, _ = place.partition("#")
    if not at:
        place = re.sub(r"^(\[[^]/]*\]|[^:/[]*):(?!\d*(/|$))[^/]*", rf"\1:{HIDDEN}", place)  # a port has digits
    shown = f"{scheme}://{user}{':' + HIDDEN if colon else ''}{at}{place}"
    return shown + (f"#{HIDDEN}" if fragment else "") + query + _shown_options(options)


def wants_password(url: str) -> bool:
    """Whether it names a user and no password."""
    login, at, _ = url.partition("://")[2].partition("@")
    return bool(at and login) and not set(login) & set(":/?#")


def with_password(url: str, password: str) -> str:
    """The URL with a password beside its user. Raises UsageError: it names none, or has a password already."""
    if not wants_password(url):
        raise UsageError(f"there is no place for a password in {without_password(url)}: write USER@HOST")
    login, _, place = url.partition("@")
    return f"{login}:{quote(password, safe='')}@{place}"


def words_about(url: str, message: str) -> str:
    """Somebody else's message about a URL, or, if a secret of the URL is in it, no more than that."""
    for secret in _secrets(url):
        if re.search(rf"(?<!\w){re.escape(secret)}(?!\w)", message):
            return "its words would show the password"
    return message


def _shown_options(options: str) -> str:
    if not options:
        return ""
    options, fragment, _ = options.partition("#")
    shown = [_shown_option(option) for option in options.split("&")]
    return "&".join(shown) + (f"#{HIDDEN}" if fragment else "")


def _shown_option(option: str) -> str:
    name, is_value, _ = option.partition("=")
    if not is_value:
        return HIDDEN if option else ""
    return option if _SHOWN.fullmatch(unquote_plus(name)) else f"{name}={HIDDEN}"


def _secrets(url: str) -> Iterator[str]:
    """All that may be a secret, and its parts, as one who reads the URL in another way might see them."""
    rest = url.partition("://")[2]
    login, _, _ = rest.rpartition("@")
    hidden = [login.partition(":")[2]]
    for option in re.split("[&#]", rest.partition("?")[2]):
        name, is_value, value = option.partition("=")
        if not _SHOWN.fullmatch(unquote_plus(name)):
            hidden.append(value if is_value else name)
    for text in hidden:
        for form in {text, unquote(text), unquote_plus(text)}:
            yield from filter(None, {form, *re.split("[:/?#@]", form)})
