"""The database's URL and its password, which need not stand in a command line, where everybody can read them."""

from __future__ import annotations

import os
from pathlib import Path

from stampede.core.errors import UsageError
from stampede.core.urls import wants_password, with_password

URL = "STAMPEDE_DATABASE_URL"
PASSWORD = "STAMPEDE_DATABASE_PASSWORD"


def database_url(named: str | None, password_file: Path | None, *, queried: bool) -> str | None:
    """The URL that is named, or for a query the environment's, with the password of the file or of the environment.

    The environment's is for a URL that names a user without a password.

    Raises:
        UsageError: the file's password cannot be read, or the URL has no place for it.
    """
    url = named or (os.environ.get(URL) or None if queried else None)
    if password_file is not None:
        if url is None:
            raise UsageError("--database-password-file needs --database and --query")
        return with_password(url, _read(password_file))
    password = os.environ.get(PASSWORD)
    return with_password(url, password) if url and password and wants_password(url) else url


def _read(file: Path) -> str:
    try:
        password = file.read_text().strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        problem = getattr(error, "strerror", None) or "it is no text"
        raise UsageError(f"cannot read the password in {file}: {problem}") from None
    if not password:
        raise UsageError(f"there is no password in {file}")
    return password
