"""Who may use a library over the network. A library without users asks nobody, and is served on this machine only."""

import base64
import hashlib
import hmac
import os
import secrets
import threading
import time

from studio.errors import NotFound, Refused, UsageError
from studio.store import Store, users

LEAST_CHARS = 8
DAYS = 30
TRIES, PAUSE_S = 5, 30.0  # wrong passwords for one name, and how long it is closed after them
_COST = {"n": 2**14, "r": 8, "p": 1}  # RFC 7914's interactive setting: about 50 ms and 16 MiB a try
_KEY_BYTES = 32


class Users:
    """The users of a library and their sessions."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._failures: dict[str, list[float]] = {}
        self._known = (-1e9, False)

    @property
    def required(self) -> bool:
        """Whether anybody has to log in: once there is a user. Looked up once a second at most."""
        if time.monotonic() - self._known[0] > 1:
            self._known = time.monotonic(), bool(self.listed())
        return self._known[1]

    def listed(self) -> list[tuple[str, str]]:
        """Names, and when each was added."""
        return self._store.read(users.listed)

    def put(self, name: str, password: str) -> None:
        """Add somebody, or give them a new password.

        Raises UsageError for a name or a password that will not do.
        """
        name = name.strip()
        if not 0 < len(name) <= 80 or not name.isprintable():
            raise UsageError("A user's name must be a short text.")
        if len(password) < LEAST_CHARS:
            raise UsageError(f"A password needs at least {LEAST_CHARS} characters.")
        hashed = _hash(password)
        self._store.write(lambda db: users.put(db, name, hashed))

    def drop(self, name: str) -> None:
        """Take somebody out.

        Raises NotFound.
        """
        if not self._store.write(lambda db: users.drop(db, name)):
            raise NotFound(f"There is no user “{name}”; see: studio users list")

    def login(self, name: str, password: str) -> str:
        """A token for a new session.

        Raises Refused for a wrong name or password, and for a while after too many of them.
        """
        self._not_too_often(name)
        known = self._store.read(lambda db: users.password_of(db, name))
        # an unknown name takes as long as a wrong password: an answer's time says nothing about who is here
        if not _matches(password, known or _hash(secrets.token_hex(8))) or known is None:
            with self._lock:
                self._failures.setdefault(name, []).append(time.monotonic())
            raise Refused("This name and password do not belong together.")
        token = secrets.token_urlsafe(32)
        self._store.write(lambda db: users.open_session(db, _token(token), name, DAYS))
        with self._lock:
            self._failures.pop(name, None)
        return token

    def _not_too_often(self, name: str) -> None:
        now = time.monotonic()
        with self._lock:
            self._failures = {
                who: recent
                for who, times in self._failures.items()
                if (recent := [at for at in times if now - at < PAUSE_S])
            }
            if len(self._failures.get(name, [])) >= TRIES:
                raise Refused(f"Too many wrong passwords; try again in {PAUSE_S:.0f} seconds.")

    def user_of(self, token: str) -> str | None:
        """Whose session a token opens; None for one that is over or was never given."""
        return self._store.read(lambda db: users.user_of(db, _token(token))) if token else None

    def logout(self, token: str) -> None:
        """End a session."""
        self._store.write(lambda db: users.close_session(db, _token(token)))


def _token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _hash(password: str) -> str:
    salt = os.urandom(16)
    return f"scrypt${base64.b64encode(salt).decode()}${base64.b64encode(_derive(password, salt)).decode()}"


def _matches(password: str, known: str) -> bool:
    _, salt, key = known.split("$")
    return hmac.compare_digest(_derive(password, base64.b64decode(salt)), base64.b64decode(key))


def _derive(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode("utf-8", "surrogatepass"), salt=salt, dklen=_KEY_BYTES, **_COST)
