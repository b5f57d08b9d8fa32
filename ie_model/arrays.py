"""The kinds of numpy array that modules hand to each other."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
#: Logits, probabilities, hidden states.
Floats = npt.NDArray[np.float32]
#: Probabilities that are summed or fitted.
Doubles = npt.NDArray[np.float64]
