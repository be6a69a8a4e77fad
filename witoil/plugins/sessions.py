"""Models in memory: loaded when first needed, shared by threads, let go when there are too many."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from witoil.plugins.errors import PluginError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[Any]

MOST_BYTES = 2 * 2**30
"""Weights that are kept in memory at once, as long as no single model has more."""

MOST_SECONDS = 600.0
"""Time that a model may take for one tensor."""

_LOOK_SECONDS = 0.2


class _Watchdog:
    """Ends runs that take too long; one thread for all, since to start one takes a millisecond."""

    def __init__(self) -> None:
        self._began: dict[int, tuple[float, Any]] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @contextmanager
    def over(self, options: Any) -> Iterator[None]:
        """Watch over a run with these options."""
        with self._lock:
            self._began[id(options)] = (time.monotonic(), options)
            if self._thread is None or not self._thread.is_alive():  # as in a process just forked
                self._thread = threading.Thread(target=self._watch, daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                del self._began[id(options)]

    def _watch(self) -> None:
        while True:
            time.sleep(_LOOK_SECONDS)
            with self._lock:
                running = list(self._began.values())
            for began, options in running:
                if time.monotonic() - began > MOST_SECONDS:
                    options.terminate = True


_WATCHDOG = _Watchdog()


class Session:
    """A model that is loaded; any number of threads may run it at once.

    Parameters
    ----------
    content : bytes
        The ONNX model.
    name : str
        Of the plug-in, for messages.
    arrays : mapping, optional
        Name of a reference of the card -> its arrays.
    threads : int
        That one run may use; 0: as many as there are cores. They change no bits.
    """

    def __init__(
        self,
        content: bytes,
        name: str,
        arrays: Mapping[str, Mapping[str, npt.NDArray[np.float64]]] | None = None,
        threads: int = 0,
    ) -> None:
        runtime = _runtime()
        options = runtime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 4
        self.name = name
        self.arrays = arrays or {}
        self.bytes = len(content)
        try:
            self._session = runtime.InferenceSession(
                content, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # the runtime has a dozen classes without a common one
            raise PluginError(f"{name}: the model cannot be loaded: {_line(error)}") from None
        self.inputs = {it.name: (it.shape, it.type) for it in self._session.get_inputs()}
        self.outputs = [it.name for it in self._session.get_outputs()]
        self.metadata: Mapping[str, str] = self._session.get_modelmeta().custom_metadata_map

    @property
    def input_name(self) -> str:
        """The one input.

        Raises
        ------
        PluginError
            Where there are others.
        """
        if len(self.inputs) != 1:
            raise PluginError(
                f"{self.name}: the model takes {', '.join(self.inputs)}; expected one input"
            )
        (name,) = self.inputs
        return str(name)

    def run(
        self, tensor: Array | Mapping[str, Array], outputs: Iterable[str] = ()
    ) -> list[npt.NDArray[np.float32]]:
        """Return what the model makes of a tensor.

        Parameters
        ----------
        tensor : numpy.ndarray or mapping
            Of its one input, or of each by name.
        outputs : iterable of str
            Names of those wanted, in order. Default: all.

        Raises
        ------
        PluginError
            Where it fails, takes too long, or gives what is no finite number.
        """
        import numpy as np

        feed = tensor if isinstance(tensor, Mapping) else {self.input_name: tensor}
        found = self.infer(feed, outputs)
        return [np.asarray(array, dtype=np.float32) for array in found.values()]

    def infer(self, feed: Mapping[str, Array], outputs: Iterable[str] = ()) -> dict[str, Array]:
        """Return outputs by name, of inputs by name; see `run`."""
        import numpy as np

        for kind, asked, known in (
            ("output", outputs, self.outputs),
            ("input", feed, list(self.inputs)),
        ):
            missing = [name for name in asked if name not in known]
            if missing:
                raise PluginError(
                    f"{self.name}: the model has no {kind} {', '.join(missing)}; expected names "
                    f"out of {', '.join(known)}"
                )
        wanted = list(outputs) or self.outputs
        found = [np.asarray(it) for it in self._limited(wanted, feed)]
        if not all(np.isfinite(it).all() for it in found if it.dtype.kind == "f"):
            raise PluginError(
                f"{self.name}: the model gave numbers that are not finite; expected none"
            )
        return dict(zip(wanted, found, strict=True))

    def _limited(self, wanted: list[str], feed: Mapping[str, Array]) -> list[Any]:
        options = _runtime().RunOptions()
        try:
            with _WATCHDOG.over(options):
                found: list[Any] = self._session.run(wanted, feed, options)
        except Exception as error:
            if options.terminate:
                raise PluginError(
                    f"{self.name}: the model took longer than {MOST_SECONDS:.0f} s and was ended; "
                    "expected smaller input"
                ) from None
            raise PluginError(f"{self.name}: the model failed: {_line(error)}") from None
        return found


class Sessions:
    """Those models that were used last, within a limit of memory.

    Parameters
    ----------
    most_bytes : int
        Of the weights in all. The model asked for last stays whatever its size; one that is let
        go lives until the threads that run it are done.
    threads : int
        Of each, see `Session`.
    """

    def __init__(self, most_bytes: int = MOST_BYTES, threads: int = 0) -> None:
        self._most_bytes, self.threads = most_bytes, threads
        self._kept: OrderedDict[str, Session] = OrderedDict()
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: str, load: Callable[[], Session]) -> Session:
        """Return the session of a key, loaded by one thread where it is not there."""
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            with self._lock:
                if key in self._kept:
                    self._kept.move_to_end(key)
                    return self._kept[key]
            session = load()
            with self._lock:
                self._kept[key] = session
                self._evict()
            return session

    @property
    def bytes(self) -> int:
        """Weights of all that is kept."""
        return sum(it.bytes for it in self._kept.values())

    def __contains__(self, key: str) -> bool:
        return key in self._kept

    def _evict(self) -> None:
        while len(self._kept) > 1 and self.bytes > self._most_bytes:
            self._kept.popitem(last=False)


def _runtime() -> Any:
    try:
        import onnxruntime
    except ImportError:
        raise PluginError(
            "models are run by onnxruntime, which is not installed; expected it: "
            "pip install 'witoil[plugins]'"
        ) from None
    return onnxruntime


def _line(error: Exception) -> str:
    lines = str(error).split(" : ", 3)
    return " ".join((lines[-1] if lines else type(error).__name__).split())[:300]
