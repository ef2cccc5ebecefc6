"""Backup, health and status of a library."""
