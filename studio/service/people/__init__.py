"""Who is in a video, and what they say."""
