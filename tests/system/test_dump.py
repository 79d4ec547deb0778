"""-T against OpenSSH 9.2's, line for line.

dump/NAME.conf is a configuration; comment lines "# -C SPEC" at its start make
a case each. dump/openssh-9.2/NAME holds what /usr/sbin/sshd -T of that version
printed: keyword by keyword, where it differs from dump/openssh-9.2/empty.
dump/differences lists, with reasons, where ours is another one on purpose.

UPDATE=1 writes dump/openssh-9.2 anew, from the sshd that is installed.
"""

import glob
import graphlib
import os
import re
import subprocess

from lib import Skip

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "dump")
THEIRS = os.path.join(HERE, "openssh-9.2")
SSHD = "/usr/sbin/sshd"


def names():
    found = sorted(os.path.basename(p)[:-5]
                   for p in glob.glob(HERE + "/*.conf"))
    assert len(found) >= 60, len(found)
    return found


def specs(name):
    """The -C of each case; [None]: one case without."""
    with open("%s/%s.conf" % (HERE, name)) as f:
        return [line[5:].strip() for line in f
                if line.startswith("# -C ")] or [None]


def dump(env, program, name, spec, text=None):
    """{keyword: [lines]} in the order of the dump; paths made the same."""
    key = os.path.join(env.keys, "host_ed25519")
    path = os.path.join(env.dir, "dumped.conf")
    if text is None:
        with open("%s/%s.conf" % (HERE, name), newline="") as f:
            text = f.read().replace("@DIR@", HERE)
        key_args = ["-h", key]
    else:
        key_args = []
    with open(path, "w", newline="") as f:
        f.write(text)
    args = [program, "-T", "-f", path] + key_args + (
        ["-C", spec] if spec else [])
    r = subprocess.run(args, capture_output=True, text=True, timeout=60,
                       stdin=subprocess.DEVNULL)
    assert r.returncode == 0, (name, spec, r.stderr)
    return r.stdout.replace(key, "@KEY@").replace(HERE, "@DIR@"), r.stdout


def grouped(text):
    out = {}
    for line in text.splitlines():
        keyword = line.split(" ", 1)[0]
        out.setdefault(keyword, []).append(line[len(keyword) + 1:])
    return out


def differences():
    rules = {}
    with open(HERE + "/differences") as f:
        for line in f:
            if line.startswith("#"):
                continue
            words, reason = line.split(" : ", 1)
            rule, keyword, *rest = words.split()
            assert reason.strip(), line
            rules.setdefault((rule, keyword), []).append(rest)
    return rules


# ---- what is committed ---------------------------------------------------

def read_expected(name, base):
    """{spec: {keyword: lines}} of OpenSSH 9.2."""
    cases = {}
    with open(os.path.join(THEIRS, name)) as f:
        for line in f.read().splitlines():
            if line.startswith("# "):
                spec = line[2:] if line != "# no -C" else None
                cases[spec] = dict(base)
                seen = set()
            elif line.startswith("-"):
                del cases[spec][line[1:]]
            else:
                keyword, value = line.split(" ", 1)
                if keyword not in seen:
                    cases[spec][keyword] = []
                seen.add(keyword)
                cases[spec][keyword].append(value)
    return cases


def write_expected(name, base, cases):
    with open(os.path.join(THEIRS, name), "w") as f:
        for spec, case in cases.items():
            f.write("# %s\n" % (spec or "no -C"))
            for keyword in base:
                if keyword not in case:
                    f.write("-%s\n" % keyword)
            for keyword, lines in case.items():
                if base.get(keyword) != lines:
                    f.writelines("%s %s\n" % (keyword, v) for v in lines)


# ---- comparing -----------------------------------------------------------

def delta(lists, defaults, common):
    """What is in the list and not in its default, and what of the common
    part of both defaults is missing."""
    have, preset = lists[0].split(","), defaults[0].split(",")
    return ([a for a in have if a not in preset],
            sorted(a for a in common if a not in have))


def same(rules, keyword, ours, theirs, our_base, their_base):
    if ours == theirs:
        return True
    if ("ours", keyword) in rules and theirs is None:
        return True
    if ("theirs", keyword) in rules and ours is None:
        return True
    if ("silent", keyword) in rules and theirs is None:
        return ours == our_base.get(keyword)
    if ours is None or theirs is None:
        return False
    if ("default", keyword) in rules and theirs == their_base.get(keyword):
        if ours == our_base.get(keyword):
            return True
    for word in rules.get(("word", keyword), []):
        if theirs == [word[0]] and ours == [word[1]]:
            return True
    if ("joined", keyword) in rules and ours == [" ".join(theirs)]:
        return True
    if ("quoted", keyword) in rules and \
            [re.sub(r"\\(.)", r"\1", v[1:-1]) for v in ours] == theirs:
        return True
    if ("relative", keyword) in rules:
        common = set(our_base[keyword][0].split(",")) & \
            set(their_base[keyword][0].split(","))
        return delta(ours, our_base[keyword], common) == \
            delta(theirs, their_base[keyword], common)
    return False


def compare(rules, ours, theirs, our_base, their_base):
    """The keywords whose lines differ without a rule that allows it."""
    return [(k, ours.get(k), theirs.get(k))
            for k in dict.fromkeys(list(ours) + list(theirs))
            if not same(rules, k, ours.get(k), theirs.get(k), our_base,
                        their_base)]


def in_order(rules, ours, order):
    known = [k for k in ours if k in order and ("place", k) not in rules]
    return known == sorted(known, key=order.index)


# ---- the tests -----------------------------------------------------------

def test_dump_is_that_of_openssh(env):
    """Each file's dump is 9.2's, but for the differences that are listed."""
    rules = differences()
    their_base = read_expected("empty", {})[None]
    our_base = grouped(dump(env, env.program, "empty", None)[0])
    with open(os.path.join(THEIRS, "order")) as f:
        order = f.read().split()
    wrong = []
    for name in names():
        expected = read_expected(name, their_base if name != "empty" else {})
        assert list(expected) == specs(name), name
        for spec, theirs in expected.items():
            ours = grouped(dump(env, env.program, name, spec)[0])
            found = compare(rules, ours, theirs, our_base, their_base)
            if found:
                wrong.append((name, spec, found))
            assert in_order(rules, ours, order), (name, list(ours))
    assert not wrong, "\n".join(map(str, wrong))


def test_every_listed_difference_is_one(env):
    """A rule that nothing needs any more goes."""
    rules = differences()
    their_base = read_expected("empty", {})[None]
    our_base = grouped(dump(env, env.program, "empty", None)[0])
    needed = set()
    for name in names():
        expected = read_expected(name, their_base if name != "empty" else {})
        for spec, theirs in expected.items():
            ours = grouped(dump(env, env.program, name, spec)[0])
            for rule in rules:
                if rule in needed or ours.get(rule[1]) == theirs.get(rule[1]):
                    continue
                less = {r: v for r, v in rules.items() if r != rule}
                if not same(less, rule[1], ours.get(rule[1]),
                            theirs.get(rule[1]), our_base, their_base):
                    needed.add(rule)
    moot = [r for r in rules if r not in needed and r[0] != "place" and
            r[1] not in ("controlsocket", "metricslisten")]
    assert not moot, moot


def installed(env):
    if not os.access(SSHD, os.X_OK):
        raise Skip("no sshd is installed")
    r = subprocess.run([SSHD, "-V"], capture_output=True, text=True,
                       stdin=subprocess.DEVNULL)
    if not re.search(r"OpenSSH_9\.2", r.stdout + r.stderr):
        raise Skip("the installed sshd isn't OpenSSH 9.2")
    try:
        return grouped(dump(env, SSHD, "empty", None)[0])
    except AssertionError as why:
        raise Skip("sshd -T doesn't run here: %s" % why)


def test_committed_dumps_are_those_of_the_installed_sshd(env):
    """What we compare with is what 9.2 prints; UPDATE=1 writes it."""
    base = installed(env)
    update = os.environ.get("UPDATE")
    follows = {}
    os.makedirs(THEIRS, exist_ok=True)
    if update:
        write_expected("empty", {}, {None: base})
    for name in names():
        cases = {spec: grouped(dump(env, SSHD, name, spec)[0])
                 for spec in specs(name)}
        for case in cases.values():
            keywords = list(case)
            for before, after in zip([None] + keywords, keywords):
                follows.setdefault(after, set()).add(before)
        if update:
            write_expected(name, base if name != "empty" else {}, cases)
        expected = read_expected(name, base if name != "empty" else {})
        assert expected == cases, (name, compare({}, expected, cases, {}, {}))
    if update:
        order = list(graphlib.TopologicalSorter(follows).static_order())
        with open(os.path.join(THEIRS, "order"), "w") as f:
            f.write("\n".join(order[1:]) + "\n")


def test_dump_fed_back_gives_itself(env):
    """Every dump is a configuration, and dumps the same."""
    for name in names():
        for spec in specs(name):
            _, raw = dump(env, env.program, name, spec)
            try:
                _, again = dump(env, env.program, name, None, text=raw)
            except AssertionError as why:
                raise AssertionError("%s: %s" % (name, why))
            assert again == raw, (name, spec, [
                p for p in zip(raw.splitlines(), again.splitlines())
                if p[0] != p[1]])
