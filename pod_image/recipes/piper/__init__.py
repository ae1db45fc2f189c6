"""The Piper recipe: a text-to-speech voice from clips and their texts; VITS in torch, spoken by piper-tts."""
