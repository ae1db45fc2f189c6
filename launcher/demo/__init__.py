"""What `launcher demo` and tests start: the emulated cloud, a voice to start from, the clips."""
