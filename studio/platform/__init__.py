"""What differs between Linux, macOS and Windows, behind one interface: `system` is the one that this process runs on.

Nothing else in the studio asks which system it is on, or calls what only some systems have; a test sees to that.
`interface.System` says what each system must do and does what every system can; a module a system adds its own
protection. `files` replaces and removes files that other programs may have open, `names` makes names that every disk
takes.
"""

import sys

from studio.platform.interface import Exit, Job, System

if sys.platform == "win32":
    from studio.platform.windows import Windows as _Here
elif sys.platform == "darwin":
    from studio.platform.macos import MacOS as _Here
elif sys.platform == "linux":
    from studio.platform.linux import Linux as _Here
else:
    from studio.platform.posix import Posix as _Here

system: System = _Here()

__all__ = ["Exit", "Job", "System", "system"]
