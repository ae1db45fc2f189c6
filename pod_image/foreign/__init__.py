"""Files of strangers, read by a process that can harm nothing. Standard library alone.

`apart` starts that process and takes its answer, `walls` is what the process does to itself first, `landlock` is
the kernel's part of it, `frames` is how numbers come back: never anything that has to be unpickled.
"""
