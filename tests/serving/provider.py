"""A provider of OpenID Connect that lets everyone in at once, for tests on this machine."""

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse
from starlette.routing import Route

from tests.browser.lab_server import free_port

CLIENT, SECRET = "the-lab", "client-secret-of-the-lab"


def provider_app(issuer: str) -> Starlette:
    """Return the provider as an ASGI application."""
    key = RSAKey.generate_key(2048, {"kid": "1"}, auto_kid=False)
    nonces: dict[str, str] = {}

    def metadata(_request: Request) -> JSONResponse:
        ends = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        lists = {"response_types_supported": ["code"], "subject_types_supported": ["public"]}
        signs = {"id_token_signing_alg_values_supported": ["RS256"]}
        said = {name: f"{issuer}/{path}" for name, path in ends.items()}
        return JSONResponse({"issuer": issuer, **said, **lists, **signs})

    def authorize(request: Request) -> RedirectResponse:
        asked = request.query_params
        code = secrets.token_hex(8)
        nonces[code] = asked["nonce"]
        return RedirectResponse(f"{asked['redirect_uri']}?code={code}&state={asked['state']}")

    async def token(request: Request) -> JSONResponse:
        async with request.form() as form:
            nonce = nonces.pop(str(form["code"]))
        now = int(time.time())
        claims = {"iss": issuer, "aud": CLIENT, "sub": "1", "iat": now, "exp": now + 600, "nonce": nonce}
        signed = jwt.encode({"alg": "RS256", "kid": "1"}, {**claims, "email": "ann@school.example"}, key)
        return JSONResponse({"access_token": "a", "token_type": "Bearer", "id_token": signed})

    def keys(_request: Request) -> JSONResponse:
        return JSONResponse({"keys": [key.as_dict(private=False, use="sig", alg="RS256")]})

    return Starlette(
        routes=[
            Route("/.well-known/openid-configuration", metadata),
            Route("/authorize", authorize),
            Route("/token", token, methods=["POST"]),
            Route("/keys", keys),
        ]
    )


@contextmanager
def provided() -> Iterator[str]:
    """Serve the provider; the value is its address."""
    port = free_port()
    issuer = f"http://127.0.0.1:{port}"
    server = uvicorn.Server(uvicorn.Config(provider_app(issuer), port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    yield issuer
    server.should_exit = True
    thread.join(10)
