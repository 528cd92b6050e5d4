"""The class code: who knows it gets a signed cookie, who guesses has to wait."""

import hashlib
import hmac
import secrets

from itsdangerous import BadData, URLSafeTimedSerializer
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

PASS_SECONDS = 12 * 3600  # a school day
FORM_SECONDS = 3600
WRONG_PER_FORM = RateLimitItemPerMinute(5)
# A school is one address: no pupil's mistakes, nor a whole class's, may shut the others out. Who throws the
# form's cookie away has this many guesses: for six random letters and digits, seven years on average.
WRONG_PER_ADDRESS = RateLimitItemPerMinute(300)


class Door:
    """Lets those in who know the class code.

    The cookie says nothing about its owner. It is void when it is old, and when code or secret change.

    Args:
        code: the class code; capitals and blanks around it do not count.
        secret: signs forms and cookies.
    """

    def __init__(self, code: str, secret: str) -> None:
        self._code = _digest(code)
        self._passes = URLSafeTimedSerializer(secret, salt=f"lab.pass.{self._code.hex()}")
        self._forms = URLSafeTimedSerializer(secret, salt="lab.form")
        self._wrong = MovingWindowRateLimiter(MemoryStorage())

    def opens(self, cookie: str | None) -> bool:
        """Return whether `cookie` is a pass of this door that is still valid."""
        return _signed(self._passes, cookie, PASS_SECONDS) is not None

    def new_pass(self) -> str:
        """Return the cookie of a visitor who knows the code."""
        return str(self._passes.dumps(secrets.token_urlsafe(12)))

    def new_form(self) -> str:
        """Return a signed name for a form; it is sent as cookie and as field, and both must come back."""
        return str(self._forms.dumps(secrets.token_urlsafe(12)))

    def is_form(self, cookie: str | None, field: str) -> bool:
        """Return whether the field comes from a form that this server gave to the owner of the cookie."""
        same = cookie is not None and hmac.compare_digest(cookie.encode(), field.encode())
        return same and _signed(self._forms, cookie, FORM_SECONDS) is not None

    def must_wait(self, form: str, address: str) -> bool:
        """Return whether too many wrong codes came within a minute from this form or this address."""
        return not (
            self._wrong.test(WRONG_PER_FORM, "form", form)
            and self._wrong.test(WRONG_PER_ADDRESS, "address", address)
        )

    def is_code(self, code: str, form: str, address: str) -> bool:
        """Return whether `code` is the class code, in a time that tells nothing; count it if it is wrong."""
        right = hmac.compare_digest(_digest(code), self._code)
        if not right:
            self._wrong.hit(WRONG_PER_FORM, "form", form)
            self._wrong.hit(WRONG_PER_ADDRESS, "address", address)
        return right


def _digest(code: str) -> bytes:
    return hashlib.sha256(" ".join(code.split()).casefold().encode()).digest()


def _signed(serializer: URLSafeTimedSerializer, text: str | None, seconds: int) -> str | None:
    try:
        return str(serializer.loads(text, max_age=seconds)) if text else None
    except BadData:
        return None
