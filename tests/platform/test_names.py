"""Names of files that every disk takes."""

import pytest

from studio.platform.names import LONGEST, file_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("talk", "talk"), ("talk one (2).x, y", "talk one (2).x, y"), ("Grüße 漢字", "Grüße 漢字"),
        ("a/b\\c:d*e?f\"g<h>i|j", "a_b_c_d_e_f_g_h_i_j"), ("two\nlines\0", "two_lines_"), ("..", "_"), ("", "_"),
        ("name.", "name"), ("name . .", "name"), (" .hidden", "hidden"), ("con", "_con"), ("CON", "_CON"),
        ("nul.txt", "_nul.txt"), ("NUL .txt", "_NUL .txt"), ("aux.tar.gz", "_aux.tar.gz"), ("COM1", "_COM1"),
        ("LPT²", "_LPT²"), ("com10", "com10"), ("console", "console"), ("conin$", "conin_"),
        ("x" * 149 + " y", "x" * 149), ("é" * 100, "é" * (LONGEST // 2)),
    ],
)  # fmt: skip
def test_a_text_as_a_name(text: str, name: str) -> None:
    assert file_name(text) == name
    assert file_name(name) == name, "a name stays as it is"
