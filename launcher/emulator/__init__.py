"""Stand-ins for the clouds we speak to, for `launcher demo` and the tests."""
