"""What an operator may set by environment variables: one place, read when the server starts."""

from typing import Annotated

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from lab.core.errors import SettingError
from lab.runs.engine import Limits
from lab.runs.machine import MOST_WORKERS, usual_workers


class Options(BaseSettings):
    """The lab's options; each is the environment variable `LAB_` and its name in capitals.

    Raises:
        SettingError: a variable has a value that cannot be used.

    Attributes:
        workers: worker processes of the local engine; by default eight per core, which take turns, up to 32.
        in_place_seconds: runs estimated below are computed in the server itself.
        run_seconds: wall time of one run.
        run_memory_mb: mebibytes of one run.
        run_events: how many events one run may send.
        run_events_mb: mebibytes that the events of one run may hold.
        visitor_runs_per_minute: new runs that one visitor may ask for.
        visitor_files_mb: mebibytes of uploaded files that are kept for one visit; the oldest leave first.
        store_mb: mebibytes of results in this server's memory.
        store: a folder or `redis://host:6379/0` that several servers share; empty for none.
        store_key: the secret that signs what is put into the shared store.
        store_disk_mb: mebibytes of results in a shared folder.
        store_hours: how long a shared Redis keeps a result.
    """

    model_config = SettingsConfigDict(env_prefix="LAB_", extra="ignore", env_ignore_empty=True)

    workers: Annotated[int, Field(ge=1, le=MOST_WORKERS)] = Field(default_factory=usual_workers)
    in_place_seconds: float = 0.15
    run_seconds: Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)] = 60.0
    run_memory_mb: Annotated[int, Field(ge=64)] = 1536
    run_events: Annotated[int, Field(ge=10)] = 10_000
    run_events_mb: Annotated[int, Field(ge=1)] = 64
    visitor_runs_per_minute: Annotated[int, Field(ge=1)] = 300
    visitor_files_mb: Annotated[int, Field(ge=1)] = 20
    store_mb: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 256.0
    store: str = ""
    store_key: str = Field("", repr=False)
    store_disk_mb: Annotated[int, Field(ge=1)] = 1024
    store_hours: Annotated[float, Field(gt=0, le=8760, allow_inf_nan=False)] = 72.0

    def __init__(self, **given: object) -> None:
        try:
            super().__init__(**given)  # type: ignore[arg-type]
        except ValidationError as faults:
            first = faults.errors()[0]
            name = "_".join(map(str, first["loc"])).upper().removeprefix("LAB_")
            expected = first["msg"].removeprefix("Input should be ").partition(", unable")[0]
            raise SettingError(f"LAB_{name}", expected, first["input"]) from None

    @property
    def limits(self) -> Limits:
        """Return what one run may use."""
        return Limits(self.run_seconds, self.run_memory_mb, self.run_events, self.run_events_mb)
