"""What went wrong, and what to do next."""

import launcher
from launcher.errors import LauncherError, RunFailed

try:
    launcher.attach("run-01").wait()
except RunFailed as failed:
    print("It did not end well:", failed.message)
except LauncherError as error:
    print(error.message)
    print("What to do next:", error.hint)
