"""One HTTP request with a limit on its total time."""

import concurrent.futures
import contextlib
import http.client
import socket
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import NamedTuple


class Answer(NamedTuple):
    """A server's answer.

    Attributes:
        status: HTTP status.
        reason: its text, e.g. "Not Found".
        body: the content.
    """

    status: int
    reason: str
    body: bytes


class _Sockets:
    """The sockets of one call, which another thread can shut."""

    def __init__(self):
        self._all: list[socket.socket] = []
        self._over = threading.Event()

    def add(self, opened: socket.socket) -> None:
        """Takes a socket; shuts it if the call is over."""
        self._all.append(opened)
        if self._over.is_set():
            self.shut()

    def shut(self) -> None:
        """Ends all reading and writing."""
        self._over.set()
        for each in self._all:
            with contextlib.suppress(OSError):  # the work may have closed it
                each.shutdown(socket.SHUT_RDWR)


def fetch(
    request: urllib.request.Request,
    timeout: float,
    context: ssl.SSLContext | None = None,
) -> Answer:
    """Sends a request and reads the whole answer.

    A socket's timeout limits each operation, not their sum: a server that
    sends one byte per minute would never end. So a thread does the work, and
    its sockets are shut when the time is over.

    Args:
        request: the request, http or https.
        timeout: limit of everything, in seconds.
        context: certificates for https.

    Returns:
        The answer, whatever its status.

    Raises:
        TimeoutError: if the answer is not complete in time.
        OSError: if there is no connection.
        http.client.HTTPException: if the answer is not HTTP.
    """
    sockets = _Sockets()
    done: concurrent.futures.Future[Answer] = concurrent.futures.Future()

    def work() -> None:
        try:
            opener = _opener(sockets.add, context)
            done.set_result(_read(opener, request, timeout))
        except BaseException as error:
            done.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    try:
        return done.result(timeout)
    finally:
        sockets.shut()


def _read(opener, request: urllib.request.Request, timeout: float) -> Answer:
    try:
        response = opener.open(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        response = error  # has a body, too
    with response:
        return Answer(response.status, response.reason, response.read())


def _opener(
    keep: Callable[[socket.socket], None], context: ssl.SSLContext | None
) -> urllib.request.OpenerDirector:
    """Returns urllib's usual opener, which also reports its sockets."""

    class Plain(http.client.HTTPConnection):
        def connect(self) -> None:
            super().connect()
            keep(self.sock)

    class Encrypted(http.client.HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            keep(self.sock)

    class Http(urllib.request.HTTPHandler):
        def http_open(self, request):
            return self.do_open(Plain, request)

    class Https(urllib.request.HTTPSHandler):
        def https_open(self, request):
            return self.do_open(Encrypted, request, context=context)

    return urllib.request.build_opener(Http, Https)
