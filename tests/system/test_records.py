"""Login records: utmp, wtmp, lastlog, btmp, in files of the test's own."""

import os
import signal
import struct

from lib import alive, finish, wait_for

RECORD = 384  # octets of a struct utmp, everywhere on Linux
LASTLOG = 292


def records(world, name):
    """Entries of a utmp or wtmp file as dictionaries."""
    out = []
    with open(world.path(name), "rb") as f:
        data = f.read()
    assert len(data) % RECORD == 0, len(data)
    for i in range(0, len(data), RECORD):
        kind, pid, line, ident, user, host = struct.unpack_from(
            "<h2xi32s4s32s256s", data, i)
        out.append({"type": kind, "pid": pid, "line": text(line),
                    "id": ident, "user": text(user), "host": text(host)})
    return out


def text(field):
    return field.split(b"\0")[0].decode("utf-8", "replace")


USER, DEAD, LOGIN = 7, 8, 6


def on_terminal(server, user=None):
    """A login on a terminal: (popen, name of its line)."""
    p = server.ssh_popen("tty; exec cat", options=("-tt",), user=user)
    line = p.stdout.readline().decode().strip()
    assert line.startswith("/dev/pts/"), (line, server.log()[-2000:])
    return p, line[len("/dev/"):]


def test_a_terminals_login_is_recorded(env):
    """A line of utmp while it lasts, login and logout in wtmp, the time in
    lastlog; a command without a terminal leaves none."""
    w = env.world()
    s = env.server("UsePAM no", world=w)
    s.login_works()
    assert records(w, "run/utmp") == [] and records(w, "log/wtmp") == []
    p, line = on_terminal(s)
    now = records(w, "run/utmp")
    assert [(r["type"], r["line"], r["user"], r["host"]) for r in now] == [
        (USER, line, env.user, "127.0.0.1")], now
    assert alive(now[0]["pid"]), now
    with open(w.path("log/lastlog"), "rb") as f:
        f.seek(env.account.pw_uid * LASTLOG)
        when, where, host = struct.unpack("<i32s256s", f.read(LASTLOG))
    assert when > 0 and text(where) == line and text(host) == "127.0.0.1"
    p.kill()
    finish(p)
    wait_for(lambda: not s.monitors(), 10, "the end")
    ended = records(w, "run/utmp")
    assert [(r["type"], r["line"]) for r in ended] == [(DEAD, line)], ended
    history = records(w, "log/wtmp")
    assert [(r["type"], r["line"], r["user"]) for r in history] == [
        (USER, line, env.user), (DEAD, line, "")], history


def test_two_terminals_are_two_records(env):
    """Each terminal of a connection has its own, closed with it."""
    w = env.world()
    s = env.server("UsePAM no", world=w)
    t = s.paramiko()
    first, second = t.open_session(), t.open_session()
    for ch in (first, second):
        ch.get_pty()
        ch.exec_command("echo ready; cat")
        assert ch.recv(100).startswith(b"ready")
    assert len([r for r in records(w, "run/utmp") if r["type"] == USER]) == 2
    first.close()
    wait_for(lambda: [r["type"] for r in records(w, "run/utmp")].count(DEAD)
             == 1, 10, "the first one's end")
    assert len([r for r in records(w, "run/utmp") if r["type"] == USER]) == 1
    t.close()
    wait_for(lambda: all(r["type"] == DEAD for r in records(w, "run/utmp")),
             10, "the second one's end")


def test_a_killed_monitors_record_is_closed(env):
    """SIGKILL of the monitor: the listener closes utmp and wtmp."""
    w = env.world()
    s = env.server("UsePAM no", world=w)
    p, line = on_terminal(s)
    monitor, session = s.session_of(p)
    os.kill(monitor, signal.SIGKILL)
    wait_for(lambda: [r["type"] for r in records(w, "run/utmp")] == [DEAD], 5,
             "the record's end: %r" % records(w, "run/utmp"))
    assert [r["type"] for r in records(w, "log/wtmp")] == [USER, DEAD]
    s.wait_log("closed the login record of %s, whose monitor was killed" % line)
    finish(p)


def test_a_record_survives_a_reload(env):
    """Also where the listener was re-executed in between."""
    w = env.world()
    s = env.server("UsePAM no", world=w)
    p, line = on_terminal(s)
    monitor, session = s.session_of(p)
    os.unlink(s.pidfile)
    os.kill(s.pid, signal.SIGHUP)
    wait_for(lambda: os.path.exists(s.pidfile), 10, "the reload")
    assert records(w, "run/utmp")[0]["type"] == USER
    os.kill(monitor, signal.SIGKILL)
    wait_for(lambda: [r["type"] for r in records(w, "run/utmp")] == [DEAD], 5,
             "the record's end")
    finish(p)


def test_a_killed_session_closes_its_record(env):
    """SIGKILL of the session: the monitor closes it."""
    w = env.world()
    s = env.server("UsePAM no", world=w)
    p, line = on_terminal(s)
    monitor, session = s.session_of(p)
    os.kill(session, signal.SIGKILL)
    wait_for(lambda: [r["type"] for r in records(w, "run/utmp")] == [DEAD], 5,
             "the record's end")
    assert [r["type"] for r in records(w, "log/wtmp")] == [USER, DEAD]
    finish(p)


def test_failed_passwords_go_to_btmp(env):
    """Where the file exists and not all may read it; it isn't made."""
    w = env.world()
    s = env.server("UsePAM no", world=w)
    assert not s.password("wrong")
    assert not os.path.exists(w.path("log/btmp"))
    w.write("log/btmp", "", 0o644)
    assert not s.password("wrong")
    assert records(w, "log/btmp") == []
    os.chmod(w.path("log/btmp"), 0o660)
    assert not s.password("wrong")
    assert not s.password("wrong", user="mistyped password")
    got = records(w, "log/btmp")
    assert [(r["type"], r["line"], r["user"], r["host"]) for r in got] == [
        (LOGIN, "ssh:notty", env.user, "127.0.0.1"),
        (LOGIN, "ssh:notty", "mistyped password", "127.0.0.1")], got
    s.login_works()
    assert len(records(w, "log/btmp")) == 2


def test_files_that_are_missing(env):
    """Without utmp, wtmp and lastlog a terminal's login works."""
    w = env.world()
    for name in ("run/utmp", "log/wtmp", "log/lastlog"):
        os.unlink(w.path(name))
    s = env.server("UsePAM no", world=w)
    p, line = on_terminal(s)
    p.kill()
    finish(p)
    assert not os.path.exists(w.path("log/lastlog"))
