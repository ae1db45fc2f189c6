"""What the operating system refuses a command, as an error that a person can act on."""

from __future__ import annotations

import errno

from launcher.errors import InvalidRequest, LauncherError

LONGEST_NAME_BYTES = 255
"""Of one file or folder; the whole path may be 4,095 long. Both are what Linux allows, and others hardly more."""
LONGEST_ARGUMENT_BYTES = 131_071
"""Of one word that a program is started with."""
_FILES = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.EDQUOT)


def refused(exc: OSError) -> LauncherError | None:
    """The error to say; None where nothing is known that a person could do."""
    if exc.errno == errno.ENAMETOOLONG:
        return InvalidRequest(
            f"The name of a file or folder is too long: this computer allows {LONGEST_NAME_BYTES} bytes for a "
            "name and 4,095 for a path.",
            hint="Give a shorter one.",
        )
    if exc.errno == errno.E2BIG:
        return InvalidRequest(
            f"An argument is too long: this computer allows {LONGEST_ARGUMENT_BYTES:,} bytes for one.",
            hint="Give a shorter one, or put it into a file.",
        )
    if exc.errno in _FILES and exc.filename:
        return LauncherError(
            f"This computer refused {exc.filename}: {exc.strerror}.",
            hint="Check the permissions of the file and its folder, or set LAUNCHER_HOME to a folder that you own.",
        )
    return None
