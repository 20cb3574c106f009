"""Log in to a database, patiently: a paused cluster needs time to wake up."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pymysql
from pymysql.constants import CR, ER

from tsalab.errors import MigrationError, TsalabError
from tsalab.messages import say

if TYPE_CHECKING:
    Connection = pymysql.Connection[Any]
else:
    Connection = pymysql.Connection  # generic for type checkers only

# PyMySQL's own 10 s are too few for a resuming Aurora Serverless cluster, which takes 15 s,
# and more than 30 s after a day's pause (AWS's documentation of auto-pause).
CONNECT_TIMEOUT = 45
TRIES = 3
SILENCE = 5.0  # seconds without an answer after which to ask why
_BACK_OFF = 0.5  # seconds, times the number of the try
_SILENCE = 900  # seconds without a byte after which a server counts as gone

_TOO_MANY = 1040
_RETRY = {CR.CR_CONN_HOST_ERROR, CR.CR_SERVER_GONE_ERROR, CR.CR_SERVER_LOST, _TOO_MANY}
_DENIED = {ER.ACCESS_DENIED_ERROR, ER.DBACCESS_DENIED_ERROR, 1698, 1142, 1227}
_LOST = {0, CR.CR_SERVER_GONE_ERROR, CR.CR_SERVER_LOST, 2055, 1053, 1927}
_FULL = {1021, 1114, 3}
_TOO_BIG = {1153, 2020}
_NO_TLS = 2026


@dataclass(frozen=True)
class Login:
    """Where a database is and who enters.

    Attributes
    ----------
    host, port
        Its address, as seen from here.
    user, password
        Who enters. The password never shows in ``repr``.
    database
        The database (schema) on it.
    role
        What messages call it; "database" when empty.
    ca
        File of certificates. With it the connection is encrypted, and the server has to
        prove by one of these authorities that it is who it is called. Without, it is
        encrypted where the server can, and nothing is proven.
    server
        What the server is called in its certificate, where ``host`` only leads to it (a
        forwarding); ``host`` when empty.
    on_silence
        Called when nobody has answered for some seconds: it returns when waiting on may
        help, and raises the reason when it cannot.
    on_refusal
        Gives the error when the login itself is refused, in place of our own.
    on_distrust
        The same when the server does not prove who it is; called with the reason.
    """

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str
    role: str = ""
    ca: Path | None = None
    server: str = ""
    on_silence: Callable[[], None] | None = field(default=None, repr=False, compare=False)
    on_refusal: Callable[[], TsalabError] | None = field(default=None, repr=False, compare=False)
    on_distrust: Callable[[str], TsalabError] | None = field(default=None, repr=False, compare=False)

    @property
    def where(self) -> str:
        """How messages name it."""
        role = self.role or say("migration.role.other")
        return say("migration.where", role=role, database=self.database, host=self.host, port=self.port)


def connect(login: Login, *, tries: int = TRIES, timeout: float = CONNECT_TIMEOUT) -> Connection:
    """Open a connection, in UTC and without autocommit surprises.

    Parameters
    ----------
    login
        Where and who.
    tries
        How often to try while nobody answers.
    timeout
        Seconds for one try.

    Raises
    ------
    MigrationError
        Refused, unknown database, not proven to be the right server, or unreachable after
        all tries.
    """
    if login.on_silence is not None:
        try:
            return _open(login, SILENCE)
        except pymysql.err.MySQLError as error:
            if not _may_pass(error):
                raise translate(error, login, say("migration.doing.connecting")) from None
        login.on_silence()
    for attempt in range(1, tries + 1):
        try:
            return _open(login, timeout)
        except pymysql.err.MySQLError as error:
            if not _may_pass(error):
                raise translate(error, login, say("migration.doing.connecting")) from None
            if attempt == tries:
                raise MigrationError.unreachable(login.where, tries, text_of(error)) from None
            time.sleep(_BACK_OFF * attempt)
    raise AssertionError("unreachable: the last try returns or raises")


def _may_pass(error: BaseException) -> bool:
    """Whether another try may help."""
    return number_of(error) in _RETRY and _distrust(error) is None


def _distrust(error: BaseException) -> ssl.SSLCertVerificationError | None:
    """What was wrong with the server's certificate; the driver reports it as any broken connection."""
    reason = getattr(error, "original_exception", None)
    return reason if isinstance(reason, ssl.SSLCertVerificationError) else None


def _proof(login: Login) -> dict[str, Any]:
    """What the driver asks of the server's certificate."""
    if login.ca is None:
        return {}
    try:
        ssl.create_default_context(cafile=login.ca)
    except OSError as error:  # SSLError is one
        reason = error.strerror if isinstance(error, FileNotFoundError | PermissionError) else ""
        raise MigrationError.no_certificates(login.ca, reason or say("migration.no_pem")) from None
    return {"ssl_ca": str(login.ca), "ssl_verify_cert": True, "ssl_verify_identity": True}


class _Connection(Connection):
    """One that reads no authorities where nothing is to be proven: to load a system's 150 takes 20 ms."""

    def _create_ssl_ctx(self, sslp: dict[str, Any]) -> ssl.SSLContext:
        if sslp:
            context: ssl.SSLContext = super()._create_ssl_ctx(sslp)  # type: ignore[misc]
            return context
        unproven = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        unproven.check_hostname = False
        unproven.verify_mode = ssl.CERT_NONE
        return unproven


def _open(login: Login, timeout: float) -> Connection:
    connection: Connection = _Connection(
        host=login.server or login.host,  # the name to prove; `_shake_hands` knows the way
        port=login.port,
        user=login.user,
        password=login.password,
        database=login.database,
        charset="utf8mb4",
        read_timeout=_SILENCE,
        write_timeout=_SILENCE,
        autocommit=True,
        local_infile=True,  # told to the server, for `loading`
        defer_connect=True,
        **_proof(login),
    )
    try:
        _shake_hands(connection, login, timeout)
        # PyMySQL itself may send no file: it would send whichever a hostile server names.
        connection._local_infile = False  # type: ignore[attr-defined]
        with connection.cursor() as cursor:
            # Neither side may shift a TIMESTAMP or reject a zero date that the source holds.
            cursor.execute("SET time_zone = '+00:00', sql_mode = 'NO_AUTO_VALUE_ON_ZERO'")
    except BaseException:
        if connection.open:
            connection.close()
        raise
    return connection


def _shake_hands(connection: Connection, login: Login, timeout: float) -> None:
    """Connect and log in, all within a time: through a forwarded port anybody is let in at once."""
    try:
        sock = socket.create_connection((login.host, login.port), timeout)
    except OSError as error:
        raise pymysql.err.OperationalError(CR.CR_CONN_HOST_ERROR, str(error)) from None
    sock.settimeout(None)
    for level, option in ((socket.IPPROTO_TCP, socket.TCP_NODELAY), (socket.SOL_SOCKET, socket.SO_KEEPALIVE)):
        sock.setsockopt(level, option, 1)
    late = threading.Event()
    # TLS takes the socket over, out of our hands; a copy of it still ends the connection.
    handle = sock.dup()

    def give_up() -> None:
        late.set()
        with suppress(OSError):  # it may have ended by itself just now
            handle.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(timeout, give_up)
    timer.daemon = True
    timer.start()
    try:
        connection.connect(sock)
    except pymysql.err.MySQLError:
        if late.is_set():
            said = say("migration.silent", seconds=timeout)
            raise pymysql.err.OperationalError(CR.CR_SERVER_LOST, said) from None
        raise
    finally:
        timer.cancel()
        handle.close()


def kill(login: Login, thread: int) -> None:
    """End another connection of the same user, and the statement that it runs.

    What cannot be ended so (nobody answers, or it has ended) ends by itself.
    """
    with suppress(pymysql.err.MySQLError):
        connection = _open(login, SILENCE)
        with closing(connection), connection.cursor() as cursor:
            cursor.execute("KILL %s", (thread,))


@contextmanager
def opened(login: Login) -> Iterator[Connection]:
    """Open a connection for a block; an unfinished transaction is rolled back at its end."""
    connection = connect(login)
    try:
        yield connection
    finally:
        if connection.open:
            connection.close()


@contextmanager
def named(login: Login, doing: str, table: str = "") -> Iterator[None]:
    """Turn the driver's errors within a block into errors that name the database.

    Raises
    ------
    MigrationError
        In place of any error of the driver.
    """
    try:
        yield
    except pymysql.err.MySQLError as error:
        raise translate(error, login, doing, table) from None
    except OSError:
        raise MigrationError.lost_connection(login.where, doing) from None


def translate(error: pymysql.err.MySQLError, login: Login, doing: str, table: str = "") -> TsalabError:
    """The error in our words."""
    number = number_of(error)
    if (distrust := _distrust(error)) is not None:
        if login.on_distrust is not None:
            return login.on_distrust(distrust.verify_message)
        return MigrationError.not_trusted(login.where, login.server or login.host, distrust.verify_message)
    if number == _NO_TLS:
        return MigrationError.not_encrypted(login.where)
    if number == ER.ACCESS_DENIED_ERROR and login.on_refusal is not None:
        return login.on_refusal()
    if number in _DENIED:
        return MigrationError.access_denied(login.where, login.user)
    if number == ER.BAD_DB_ERROR:
        return MigrationError.unknown_database(login.where, login.database)
    if number in _LOST:
        return MigrationError.lost_connection(login.where, doing)
    if number in _TOO_BIG:
        return MigrationError.row_too_big(login.where, table)
    if number in _FULL or "No space left" in text_of(error):
        return MigrationError.disk_full(login.where, table)
    return MigrationError.refused_statement(login.where, doing, number, text_of(error))


def number_of(error: BaseException) -> int:
    """The server's or driver's error number; 0 when it has none."""
    first: Any = error.args[0] if error.args else 0
    return first if isinstance(first, int) else 0


def text_of(error: BaseException) -> str:
    """The error's words."""
    return str(error.args[-1]) if error.args else type(error).__name__
