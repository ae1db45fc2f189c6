"""A language model's adapter (LoRA): `trl sft` with peft, in an environment of its own."""
