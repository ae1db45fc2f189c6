"""The words of the problem: pure values, no input or output, no clock."""
