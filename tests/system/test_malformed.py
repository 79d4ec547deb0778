"""Malformed files, and word for word what is said about each.

malformed/NAME.conf ends with comment lines "# says: LINE": all that -t writes
to standard error. It is run in that folder, by the file's bare name.
"""

import glob
import os
import re
import subprocess

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "malformed")


def says(name):
    with open(os.path.join(HERE, name), "rb") as f:
        lines = f.read().split(b"\n")
    return [line[8:].decode() for line in lines if line.startswith(b"# says: ")]


def test_each_malformed_file_gets_its_message(env):
    """File, line, keyword, and what was expected: exactly these words."""
    names = sorted(os.path.basename(p) for p in glob.glob(HERE + "/*.conf"))
    assert len(names) >= 100, len(names)
    for name in names:
        r = subprocess.run([env.program, "-t", "-f", name], cwd=HERE,
                           capture_output=True, text=True, timeout=30,
                           stdin=subprocess.DEVNULL)
        assert r.stderr.splitlines() == says(name), (name, r.stderr)
        assert r.stdout == "", name
        assert r.returncode == (1 if name == "include_directory.conf"
                                else 255), (name, r.returncode)


def test_each_message_says_where(env):
    """Some line of each names a file and a line of it."""
    for path in glob.glob(HERE + "/*.conf"):
        name = os.path.basename(path)
        assert any(re.match(r"(%s|\./\S+):? line \d+: " % re.escape(name), line)
                   for line in says(name)), name
