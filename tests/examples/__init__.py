"""The examples of docs/python.md: type-checked here, and run by `tests/api/test_python_page.py`."""
