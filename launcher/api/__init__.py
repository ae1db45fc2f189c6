"""The Python API: what `import launcher` gives, sync and async from one implementation."""

from launcher.api.calls import attach, deploy, plan, runs
from launcher.api.log_lines import LogLine
from launcher.api.plan import Plan
from launcher.api.run import Run
from launcher.api.samples import Sample

__all__ = ["LogLine", "Plan", "Run", "Sample", "attach", "deploy", "plan", "runs"]
