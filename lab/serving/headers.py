"""The headers of every answer: what a browser may do with the lab's pages, and who may frame them."""

import base64
import hashlib
import re
from collections.abc import Mapping

from starlette.datastructures import Headers as RequestHeaders
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = {
    "default-src": "'self'",
    "script-src": "'self' blob:",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "worker-src": "'self' blob:",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
}
INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)
UNUSED = ("camera", "display-capture", "geolocation", "microphone", "midi", "payment", "serial", "usb")


def security_headers(frame_ancestors: str = "'self'", page: str = "") -> dict[str, str]:
    """Return the headers.

    Args:
        frame_ancestors: who may show the lab in a frame, as in a Content-Security-Policy.
        page: the HTML that all pages share; the scripts written in it may run, by their hashes.
    """
    scripts = " ".join([POLICY["script-src"], *map(_hashed, INLINE.findall(page))])
    policy = {**POLICY, "script-src": scripts, "frame-ancestors": frame_ancestors}
    headers = {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "Permissions-Policy": ", ".join(f"{name}=()" for name in UNUSED),
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
    }
    if frame_ancestors == "'self'":  # the older header knows no list of sites
        headers["X-Frame-Options"] = "SAMEORIGIN"
    return headers


def _hashed(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


class Headers:
    """ASGI middleware that adds headers to every answer, and `Secure` to cookies that travel by HTTPS."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and its answer back with the headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        encrypted = is_encrypted(scope)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                if encrypted:
                    message["headers"] = [_secured(name, value) for name, value in message["headers"]]
            await send(message)

        await self._app(scope, receive, send_with_headers)


def is_encrypted(scope: Scope) -> bool:
    """Return whether the visitor speaks HTTPS, to us or to the proxy before us."""
    proxied = RequestHeaders(scope=scope).get("x-forwarded-proto", "")
    return scope.get("scheme") in ("https", "wss") or proxied.split(",")[0].strip() == "https"


def _secured(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    attributes = {part.strip().lower() for part in value.split(b";")[1:]}
    if name.lower() != b"set-cookie" or b"secure" in attributes:
        return name, value
    return name, value + b"; Secure"
