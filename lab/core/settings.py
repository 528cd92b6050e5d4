"""Settings of an experiment: a frozen model whose fields carry their controls."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator

from lab.core.controls import Control
from lab.core.errors import LabError, SettingError


@cache
def controls_of(settings: type["LessonSettings"]) -> Mapping[str, Control]:
    """Return the control of each field, in the order of declaration."""
    return {
        name: next(control for control in info.metadata if hasattr(control, "checked"))
        for name, info in settings.model_fields.items()
    }


class LessonSettings(BaseModel):
    """The base of all settings: frozen, closed, validated by the controls of its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _check(cls, value: object, info: ValidationInfo) -> object:
        control = controls_of(cls)[str(info.field_name)]
        if isinstance(value, list):  # JSON knows no tuples
            value = tuple(value)
        return control.checked(value)

    @classmethod
    def checked(cls, values: Mapping[str, Any]) -> Self:
        """Return the settings with `values`, or raise `SettingError` in one sentence."""
        try:
            return cls(**values)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(map(str, first["loc"])) or cls.__name__
            raise SettingError(field, f"a setting of this page ({first['msg']})", first["input"]) from None

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> tuple[Self, list[LabError]]:
        """Return the settings that a URL asks for, and what is wrong with it.

        A parameter that cannot be used falls back to its default; unknown ones are left alone.
        """
        values: dict[str, Any] = {}
        faults: list[LabError] = []
        for name, control in controls_of(cls).items():
            if name in query:
                try:
                    values[name] = control.read(query[name])
                except LabError as fault:
                    faults.append(fault)
        try:
            return cls.checked(values), faults
        except LabError as fault:
            return cls(), [*faults, fault]

    def to_query(self) -> dict[str, str]:
        """Return the URL parameters: only what differs from the defaults."""
        fields = type(self).model_fields
        return {
            name: control.written(getattr(self, name))
            for name, control in controls_of(type(self)).items()
            if getattr(self, name) != fields[name].default
        }

    def key(self) -> str:
        """Return one text for equal settings: the form in which they are stored and sent."""
        return self.model_dump_json()

    def changed(self, **values: Any) -> Self:
        """Return these settings with some values replaced, validated again."""
        return self.checked({**dict(self), **values})
