"""What tests of several packages are built with: clocks, worlds, builders, and what a person does on a page."""
