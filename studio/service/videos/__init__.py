"""The videos of a library, their files, and what is made of them."""
