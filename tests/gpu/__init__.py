"""What only a GPU can prove: `make test-gpu`, under four minutes on one card."""
