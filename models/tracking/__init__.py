"""Following one object from frame to frame, without learned weights."""
