"""One script for each weight file we trained, and `measure` for every number we print. They need the data folder."""
