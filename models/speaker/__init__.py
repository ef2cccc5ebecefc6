"""Who speaks: voice activity in the sound, and which of the visible faces it comes from."""
