# What type checkers read of this package: its API is imported by name when it is used, which they do not see.
from launcher.api import LogLine as LogLine
from launcher.api import Plan as Plan
from launcher.api import Run as Run
from launcher.api import Sample as Sample
from launcher.api import attach as attach
from launcher.api import deploy as deploy
from launcher.api import plan as plan
from launcher.api import runs as runs

__version__: str
__all__ = ["LogLine", "Plan", "Run", "Sample", "__version__", "attach", "deploy", "plan", "runs"]
