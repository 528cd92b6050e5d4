"""What can be wrong with a learner's input, said in one sentence.

`LabError` is the root; `SettingError`: a setting is outside what its control allows; `DataError`: a
learner's own data cannot be used; `RunError`: a run ended without a result.
"""


class LabError(Exception):
    """A fault the learner can mend; its text is one sentence, ready to be shown."""


class _FieldError(LabError):
    """A fault of one field: `<field>: expected <expected>, got <got>`."""

    def __init__(self, field: str, expected: str, got: object) -> None:
        self.field = field
        self.expected = expected
        self.got = got
        super().__init__(field, expected, got)

    def __str__(self) -> str:
        return f"{self.field}: expected {self.expected}, got {_short(self.got)}"


class SettingError(_FieldError):
    """A setting is outside what its control allows.

    Example:
        >>> str(SettingError("Learning rate", "a number from 0.001 to 10", -3))
        'Learning rate: expected a number from 0.001 to 10, got -3'
    """


class DataError(_FieldError):
    """A learner's own data cannot be used as it is."""


class RunError(LabError):
    """A run ended without a result; the text says why and what to do."""


def _short(value: object, limit: int = 60) -> str:
    """Return `repr(value)`, cut so that hostile input stays one readable line."""
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
