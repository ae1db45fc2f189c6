"""The parts of the Train page, one file each; the page itself puts them together and hears every change."""
