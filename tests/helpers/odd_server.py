"""HTTP servers that do not answer as TensorFlow Serving does."""

import contextlib
import http.server
import json
import threading
import time

# A client that waits for the last byte waits for five minutes.
DRIPS, PAUSE_SECONDS = 3000, 0.1


class _Handler(http.server.BaseHTTPRequestHandler):
    content, status, drips = b"", 200, None

    def do_GET(self):  # noqa: N802
        """Any path."""
        if self.drips == "head":
            self.drip(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        self.send_response(self.status)
        self.end_headers()
        if self.drips == "body":
            self.drip(b"")
        self.wfile.write(self.content)

    def do_POST(self):  # noqa: N802
        """Any path."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def drip(self, start):
        """A byte now and then, until the client has gone."""
        self.wfile.write(start)
        with contextlib.suppress(OSError):
            for _ in range(DRIPS):
                self.wfile.write(b" ")
                time.sleep(PAUSE_SECONDS)
            return
        self.server.left.set()

    def log_message(self, *arguments):
        """Says nothing."""


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *arguments):
        """Says nothing."""


@contextlib.contextmanager
def answering(content=b"", status=200, drips=None):
    """A server that always gives one answer.

    Args:
        content: bytes, or a value to be sent as JSON.
        status: of the answer.
        drips: "head" or "body" for an answer that never ends.

    Yields:
        Its address, and an event: a client has left a dripping answer.
    """
    if not isinstance(content, bytes):
        content = json.dumps(content).encode()
    fields = {"content": content, "status": status, "drips": drips}
    handler = type("OddHandler", (_Handler,), fields)
    server = _Server(("127.0.0.1", 0), handler)
    server.left = threading.Event()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}", server.left
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
