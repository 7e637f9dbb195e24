"""Imported before anything that loads NumPy: one thread a process.

Sums must not depend on the number of processors, or the same data would not give the same weights and figures; and
what is trained side by side in several processes would only wait for itself.
"""

from __future__ import annotations

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"
