"""What a line of the table consists of."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Edit:
    """A step that writes bytes: what `function` makes of the contents of `sources`."""

    function: Callable[..., bytes]
    sources: tuple[str, ...] = ()
    to: str = ""  # The file; empty: the input itself.


@dataclass(frozen=True)
class Refused:
    """Right is, in `outputs`: this exit code, `phrase` in the message, and nothing under the output's name."""

    outputs: str  # Endings, separated by spaces: ".mov .mp4"
    code: int
    phrase: str


@dataclass(frozen=True)
class Accepted:
    """Differences of `outputs` in which the regular expression `pattern` is found are right, because of `why`."""

    outputs: str
    pattern: str
    why: str


@dataclass(frozen=True)
class Known(Accepted):
    """The same, but it is a fault of sheaf's that is known and not mended yet."""


Mark = Refused | Accepted | Known


@dataclass(frozen=True)
class Stranger:
    name: str
    file: str
    # Either arguments for ffmpeg, without the name of what is made in the last step, or an edit. One after the other.
    steps: tuple[str | Edit, ...]
    marks: tuple[Mark, ...]
    is_sample: bool

    def refusal(self, ending: str) -> Refused | None:
        return next((mark for mark in self.marks_of(ending) if isinstance(mark, Refused)), None)

    def marks_of(self, ending: str) -> list[Mark]:
        return [mark for mark in self.marks if ending in mark.outputs.split()]
