"""What is asked and answered, as types: the reference, the checks and other tools' clients derive from them."""
