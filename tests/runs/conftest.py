"""Toy experiments are found as `toys:experiment`, by the tests and by their workers."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
