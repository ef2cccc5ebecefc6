"""Who may use a library over the network. A library without users asks nobody, and is served on this machine only."""

import base64
import hashlib
import hmac
import ipaddress
import os
import secrets
import sqlite3
import threading
import time

from studio.errors import NotFound, PermissionDenied, StoreError, UsageError
from studio.service.accounts.rights import Actor
from studio.store import Store, users

LEAST_CHARS = 8
DAYS = 30
TRIES, PAUSE_S = 5, 30.0  # wrong passwords for one name from one address, and how long it is closed to it after them
TRIES_ANY_NAME = 20  # and for all names from one address
_COST = {"n": 2**14, "r": 8, "p": 1}  # RFC 7914's interactive setting: about 50 ms and 16 MiB a try
_KEY_BYTES = 32


class Users:
    """The users of a library and their sessions."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._tries: dict[tuple[str, str | None], list[float]] = {}  # (address, name; None: any) → when
        self._ended: set[str] = set()  # tokens of sessions that were over before the database could be told
        self._known = (-1e9, False)

    @property
    def required(self) -> bool:
        """Whether anybody has to log in: once there is a user. Looked up once a second at most."""
        if time.monotonic() - self._known[0] > 1:
            self._known = time.monotonic(), bool(self.listed())
        return self._known[1]

    def listed(self) -> list[tuple[str, str, bool]]:
        """Names, when each was added, and whether they are an admin."""
        return self._store.read(users.listed)

    def actor(self, name: str, said: str = "") -> Actor:
        """Who asks: the user who is logged in as `name`; where nobody has to, whoever `said` that it is them."""
        if name:
            return Actor(name, self._store.read(lambda db: users.is_admin(db, name)))
        return Actor(said, admin=not self.listed())

    def put(self, name: str, password: str, *, admin: bool = False) -> None:
        """Add somebody, or give them a new password. The first one is an admin.

        Raises UsageError for a name or a password that will not do.
        """
        name = name.strip()
        if not 0 < len(name) <= 80 or not name.isprintable():
            raise UsageError("A user's name must be a short text.")
        if len(password) < LEAST_CHARS:
            raise UsageError(f"A password needs at least {LEAST_CHARS} characters.")
        hashed = _hash(password)
        self._store.write(lambda db: users.insert(db, name, hashed, admin))

    def make_admin(self, name: str, admin: bool = True) -> None:
        """Say that somebody is an admin, or is none any more.

        Raises NotFound, UsageError for the only one.
        """

        def work(db: sqlite3.Connection) -> None:
            if not admin and users.is_only_admin(db, name):
                raise _only_admin(name)
            if not users.make_admin(db, name, admin):
                raise _nobody(name)

        self._store.write(work)

    def drop(self, name: str) -> None:
        """Take somebody out.

        Raises NotFound, UsageError for the only admin of several users.
        """

        def work(db: sqlite3.Connection) -> None:
            if users.is_only_admin(db, name):
                raise _only_admin(name)
            if not users.delete(db, name):
                raise _nobody(name)

        self._store.write(work)

    def login(self, name: str, password: str, address: str = "") -> str:
        """A token for a new session of somebody at a network address.

        Raises PermissionDenied for a wrong name or password, and for a while after too many of them from this address:
        whoever guesses at a name locks out nobody who is elsewhere.
        """
        name, place = name.encode("utf-8", "replace").decode(), _network(address)
        at = self._try(name, place)
        known = self._store.read(lambda db: users.password_of(db, name))
        # an unknown name takes as long as a wrong password, one hash: an answer's time says nothing about who is here
        if not _matches(password, known or _NOBODYS) or known is None:
            raise PermissionDenied("This name and password do not belong together.")
        token = secrets.token_urlsafe(32)
        self._store.write(lambda db: users.open_session(db, _token(token), name, DAYS))
        self._right(name, place, at)
        return token

    def _try(self, name: str, place: str) -> float:
        """Count a try before its password is looked at, so that many at once are no more than the same one by one;
        returns when it was."""
        now = time.monotonic()
        with self._lock:
            self._tries = {
                who: recent for who, times in self._tries.items() if (recent := [t for t in times if now - t < PAUSE_S])
            }
            for who, most in (((place, name), TRIES), ((place, None), TRIES_ANY_NAME)):
                if len(self._tries.get(who, ())) >= most:
                    raise PermissionDenied(f"Too many wrong passwords; try again in {PAUSE_S:.0f} seconds.")
            for key in ((place, name), (place, None)):
                self._tries.setdefault(key, []).append(now)
        return now

    def _right(self, name: str, place: str, at: float) -> None:
        """The password was right: this name's tries are forgotten, and of the address's this one."""
        with self._lock:
            self._tries.pop((place, name), None)
            if at in (tries := self._tries.get((place, None), [])):
                tries.remove(at)

    def user_of(self, token: str) -> str | None:
        """Whose session a token opens; None for one that is over or was never given."""
        hashed = _token(token)
        return self._store.read(lambda db: users.user_of(db, hashed)) if token and hashed not in self._ended else None

    def logout(self, token: str) -> None:
        """End a session; where the database takes no change, for as long as this studio runs."""
        hashed = _token(token)
        try:
            self._store.write(lambda db: users.close_session(db, hashed))
        except StoreError:
            if self.user_of(token) is not None:
                self._ended.add(hashed)


def _nobody(name: str) -> NotFound:
    return NotFound(f"There is no user “{name}”; see: studio users list")


def _only_admin(name: str) -> UsageError:
    return UsageError(f"“{name}” is the only admin; make somebody else one first, with: studio users admin NAME")


def _network(address: str) -> str:
    """An address as far as it says who is there: of IPv6, everybody has 2**64."""
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(known, ipaddress.IPv4Address):
        return str(known)
    return str(known.ipv4_mapped or ipaddress.ip_network((int(known), 64), strict=False))


def _token(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _hash(password: str) -> str:
    salt = os.urandom(16)
    return _written(salt, _derive(password, salt))


def _written(salt: bytes, key: bytes) -> str:
    return f"scrypt${base64.b64encode(salt).decode()}${base64.b64encode(key).decode()}"


def _matches(password: str, known: str) -> bool:
    _, salt, key = known.split("$")
    return hmac.compare_digest(_derive(password, base64.b64decode(salt)), base64.b64decode(key))


def _derive(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode("utf-8", "surrogatepass"), salt=salt, dklen=_KEY_BYTES, **_COST)


_NOBODYS = _written(os.urandom(16), os.urandom(_KEY_BYTES))  # a hash that no password has
