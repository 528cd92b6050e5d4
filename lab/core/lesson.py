"""What a lesson is: experiments with settings, the views of their results, prose and sources."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from lab.core.events import Done, Event
from lab.core.settings import LessonSettings
from lab.core.stage import Stage

S = TypeVar("S", bound=LessonSettings)
S_contra = TypeVar("S_contra", bound=LessonSettings, contravariant=True)
D_contra = TypeVar("D_contra", bound=LessonSettings, contravariant=True)
R_contra = TypeVar("R_contra", contravariant=True)
D = TypeVar("D", bound=LessonSettings)
R = TypeVar("R")


@dataclass(frozen=True, slots=True, eq=False)
class Beginning:
    """Where a run can be taken up: as if a shorter one had been asked for, and had ended.

    Attributes:
        settings: of the shorter run.
        earlier: what of its result `Context.earlier` needs.
    """

    settings: LessonSettings
    earlier: Any


def _forget(_beginning: Beginning) -> None:
    """Keep nothing: a run that nobody can stop needs no beginning."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a run needs besides its settings.

    Attributes:
        device: torch's name of the device, such as `cpu` or `cuda:0`.
        files: the learner's own files by their SHA-256; never kept after the visit.
        earlier: a finished result of the same settings with fewer epochs. An experiment may go on from
            it, and then ends in the same events and result as a run from the start, to the last bit.
        keep: called by an experiment now and then, with where it can be taken up if it is stopped.
    """

    device: str = "cpu"
    files: Mapping[str, bytes] = field(default_factory=dict)
    earlier: Any = None
    keep: Callable[[Beginning], None] = _forget


class Train(Protocol[S_contra, R]):
    """An experiment's code: a generator of events, the last one `Done(result)`."""

    def __call__(self, settings: S_contra, context: Context) -> Iterator[Event | Done[R]]:
        """Run on validated settings; the only source of randomness is the seed among them."""
        ...


class Show(Protocol[S_contra, D_contra, R_contra]):
    """Makes what is shown of a run."""

    def __call__(
        self,
        settings: S_contra,
        display: D_contra,
        context: Context,
        events: Sequence[Event],
        result: R_contra | None = None,
    ) -> Stage:
        """Return what is shown of the events so far, and of the result once there is one."""
        ...


@dataclass(frozen=True, slots=True)
class Experiment(Generic[S, D, R]):
    """One thing a lesson lets the learner run.

    Attributes:
        name: `<lesson slug>/<experiment>`, the name under which workers find it.
        settings: the model whose fields are the controls.
        train: the generator that computes.
        stage: what to show of a run, while it goes on as well as at its end.
        display: settings of the view, which change what is shown but not what is computed.
        seconds: an estimate of the CPU seconds a run takes; short runs are computed in place.
        resumes: whether a run of the first settings is a beginning of the second's, so that its result
            may be passed as `Context.earlier`.
        float64: whether it computes in double precision, which not every device has.
        shortest: settings of a run that takes a moment, to warm the server up; none if the defaults do.
    """

    name: str
    settings: type[S]
    train: Train[S, R]
    stage: Show[S, D, R]
    display: type[D]
    seconds: Callable[[S], float] = lambda settings: 1.0
    resumes: Callable[[S, S], bool] = lambda earlier, later: False
    shortest: Callable[[], S] | None = None
    float64: bool = False


class Check(Protocol):
    """Tells whether a run meets a challenge."""

    def __call__(self, settings: Any, events: Sequence[Event], result: Any, /) -> bool:
        """Return whether the finished run of `settings` is what the challenge asks for."""
        ...


@dataclass(frozen=True, slots=True)
class Challenge:
    """A task for the learner, which the lab can check by itself.

    Attributes:
        id: stays the same when the words change; a class's results are kept under it.
        text: what to reach, and within which limits.
        experiment: the name of the experiment whose runs are checked.
        reached: the check; it sees settings and outcome only, so a server can repeat it.
    """

    id: str
    text: str
    experiment: str
    reached: Check


@dataclass(frozen=True, slots=True)
class Lesson:
    """One page of the lab.

    Attributes:
        slug: file name, URL path and name of the prose file.
        title: as it stands in the menu.
        summary: one sentence for the start page.
        experiments: what can be run on the page.
        challenges: tasks for the learner, from easy to hard.
        sources: what the lesson rests on, as short references.
        icon: a Material icon name of Streamlit, such as `:material/hub:`.
    """

    slug: str
    title: str
    summary: str
    experiments: Sequence[Experiment[Any, Any, Any]] = ()
    challenges: Sequence[Challenge] = ()
    sources: Sequence[str] = ()
    icon: str = ":material/school:"
