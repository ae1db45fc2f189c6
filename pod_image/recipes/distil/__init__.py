"""A Piper voice from clips that another voice speaks: spoken, heard, kept where both agree, then trained on."""
