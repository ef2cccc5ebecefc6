"""The timeline of each video, the edits that people send, and the schema of labels."""
