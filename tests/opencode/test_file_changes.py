"""What a shell did to files, on the real opencode: exact names and actions, whatever the name, the file and the repository."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote_to_bytes

from opencode_ledger.domain.codebase import facts as f

from .conftest import MakeLive
from .live import Live, make_repository

Changes = set[tuple[str, bytes]]

NAMES = (
    *(b'quote"d.txt', b'"quoted"', b'"\\303\\244"', b"'", b"tab\there", b"new\nline", b"back\\slash", b"car\rriage"),
    *(b" before", b"after ", b" ", b"-dash", b"--", b"~", b"...", b".hidden", b"a -> b", b"?? x", b"*?[x]", b"$(x)`y`"),
    *(
        "\u2028".encode(),
        "e\u0301".encode(),
        "\u00e9".encode(),
        "\u202egnp".encode(),
        "🛒".encode(),
        b"\x01\x7f",
        b"n" * 255,
    ),
    *(
        b"100%25",
        b"100% \xff",
        b"bad\xff\xfe",
        b"\xed\xa0\x80",
        b"\xc0\xaf",
        b"%FF",
        b'{"path":1}',
        b"[erased]",
        b"C:x",
    ),
)
"""Names that a file system allows. Each is created, changed, deleted and moved."""

BEFORE = """
import os, pathlib, subprocess
names = {names!r}
for place in (b"modify", b"delete", b"from"):
    os.makedirs(place)
    for name in names:
        open(os.path.join(place, name), "wb").write(b"x")
os.makedirs("create"); os.makedirs("to"); os.makedirs("lib/deep"); os.makedirs("was_dir"); os.makedirs("nested")
for name in "lib/a lib/deep/b was_dir/c was_file mode same restored linked swapped Case large atomic stashed nested/n".split():
    pathlib.Path(name).write_text("abc")
os.symlink("mode", "link")
pathlib.Path(".gitignore").write_text("ignored*\\n")
pathlib.Path("ignored_before").write_text("abc")
with open("large", "wb") as file: file.truncate(3 << 20)
subprocess.run("git add . ; git -c user.name=a -c user.email=a@example.org commit -qm x; git init -q nested", shell=True)
"""

FIRST = """
for name in names:
    open(os.path.join(b"create", name), "wb").write(b"new")
    open(os.path.join(b"modify", name), "ab").write(b"y")
    os.remove(os.path.join(b"delete", name))
    os.rename(os.path.join(b"from", name), os.path.join(b"to", name))
sh = lambda command: subprocess.run(command, shell=True, check=True)
sh("mv lib moved; rm was_file; mkdir was_file; echo x > was_file/in; rm -r was_dir; echo x > was_dir")
sh("chmod +x mode; ln -sfn same link; rm swapped; ln -s mode swapped; mv Case case; echo xbc > atomic.new; mv atomic.new atomic")
sh("touch -r restored stamp; printf xyz > restored; touch -r stamp restored; rm stamp; ln linked another; mkfifo pipe; mkdir empty")
sh("echo x > ignored_new; echo y > ignored_before; echo z > nested/n; echo k > nested/m; mkdir sub; echo gitdir: x > sub/.git")
sh("printf y | dd of=large conv=notrunc status=none; truncate -s 4M larger; printf xyz > same")
sh("echo committed > committed; git add committed; git -c user.name=a -c user.email=a@example.org commit -qm y committed")
sh("echo x > stashed; git stash push -q stashed || git -c user.name=a -c user.email=a@example.org stash push -q stashed")
sh("git config core.fsmonitor ./evil; printf 'exit 1' > .git/hooks/pre-commit; echo '*' >> .git/info/exclude")
sh("echo x > passing; rm passing; echo x > later")
"""

EXPECTED_FIRST: Changes = {
    *(("create", b"create/" + name) for name in NAMES),
    *(("modify", b"modify/" + name) for name in NAMES),
    *(("delete", b"delete/" + name) for name in NAMES),
    *(("delete", b"from/" + name) for name in NAMES),
    *(("create", b"to/" + name) for name in NAMES),
    *(("delete", b"lib/a"), ("delete", b"lib/deep/b"), ("create", b"moved/a"), ("create", b"moved/deep/b")),
    *(("delete", b"was_file"), ("create", b"was_file/in"), ("delete", b"was_dir/c"), ("create", b"was_dir")),
    *(("modify", b"mode"), ("modify", b"link"), ("modify", b"swapped"), ("delete", b"Case"), ("create", b"case")),
    *(
        ("modify", b"atomic"),
        ("modify", b"restored"),
        ("modify", b"linked"),
        ("create", b"another"),
        ("create", b"pipe"),
    ),
    *(("create", b"ignored_new"), ("modify", b"ignored_before"), ("modify", b"nested/n"), ("create", b"nested/m")),
    *(("create", b"sub/.git"), ("modify", b"large"), ("create", b"larger"), ("modify", b"same")),
    *(("create", b"committed"), ("modify", b"stashed"), ("create", b"later")),
    *(("modify", b".git/config"), ("create", b".git/hooks/pre-commit"), ("modify", b".git/info/exclude")),
}


def made(change: f.FileChanged) -> tuple[str, bytes]:
    """What a fact says, by the bytes of the file's name, as a reader of the log gets them back."""
    path = unquote_to_bytes(change.path) if change.path_encoding == "percent" else change.path.encode()
    return change.action, path


def since(live: Live, count: int) -> list[tuple[str, bytes]]:
    return [made(change) for change in live.recorder.of(f.FileChanged)[count:]]


async def test_every_name_and_every_kind_of_change(make_live: MakeLive, tmp_path: Path) -> None:
    """In a repository with a newline in its path one call does all of it, and each file is recorded once, as what became of it."""
    directory = make_repository(tmp_path / "pro\nject")
    before = BEFORE.format(names=NAMES)
    subprocess.run([sys.executable, "-c", before], cwd=directory, check=True)
    head = f"import os, pathlib, subprocess\nnames = {NAMES!r}\n"
    (directory / "first.py").write_text(head + FIRST)
    live = make_live(directory=directory)
    ended = await live.run(f"bash: {sys.executable} first.py\nbash: rm later; rm README.md\nsay: Done.")
    assert (ended.outcome, [end.output for end in live.recorder.of(f.ToolEnded)]) == ("completed", ["(no output)"] * 2)
    found = since(live, 0)
    assert sorted(found[:-2]) == sorted(EXPECTED_FIRST)
    assert found[-2:] == [("delete", b"README.md"), ("delete", b"later")]
    assert live.recorder.of(f.FilesUnknown) == []
    await _nothing_of_git_matters(live)


async def _nothing_of_git_matters(live: Live) -> None:
    """A stale lock of opencode's snapshots, and a repository of another user."""
    count = len(live.recorder.of(f.FileChanged))
    snapshot = next((live.settings.home or Path()).glob(".local/share/opencode/snapshot/*/*/index"))
    snapshot.with_name("index.lock").touch()
    if os.geteuid() == 0:
        for place, directories, files in os.walk(live.directory):
            for name in (".", *directories, *files):
                os.chown(Path(place, name), 65534, 65534, follow_symlinks=False)
    deep = "/".join("d" * 1 for _ in range(210))
    await live.run(f"bash: echo x >> old.txt; mkdir -p {deep}; echo x > {deep}/unseen\nbash: touch last\nsay: Done.")
    assert since(live, count) == [("modify", b"old.txt"), ("create", b"last")]
    assert [unknown.reason[:71] for unknown in live.recorder.of(f.FilesUnknown)] == [
        "What shell commands changed in directories that can't be read is not kn"
    ]
    await live.agent.stop()
    assert snapshot.with_name("index.lock").exists()
    await live.run("say: Back.")
    assert not snapshot.with_name("index.lock").exists()


async def test_without_git_and_beside_the_tools(make_live: MakeLive, tmp_path: Path) -> None:
    """Where there is neither a repository nor git, what tools wrote and what a shell did in between are each recorded once."""
    commands = tmp_path / "bin"
    commands.mkdir()
    for name in "sh bash rm mv cat touch sleep rg mkdir".split():
        if found := shutil.which(name):
            (commands / name).symlink_to(found)
    place = tmp_path / "plain"
    place.mkdir()
    (place / "bad\udcff").write_text("x")
    live = make_live(directory=place, environment={"PATH": str(commands), "HOME": str(tmp_path), "SHELL": "/bin/bash"})
    await live.run(
        "write: a.txt = b\nedit: a.txt | b -> c\nbash: echo d > d.txt; echo x >> a.txt; rm bad*\nwrite: new/e.txt = e\n"
        "bash: rm new/e.txt a.txt\nsay: Done."
    )
    assert [made(change) for change in live.recorder.of(f.FileChanged)] == [
        *(("create", b"a.txt"), ("modify", b"a.txt")),
        *(("delete", b"bad\xff"), ("modify", b"a.txt"), ("create", b"d.txt"), ("create", b"new/e.txt")),
        *(("delete", b"a.txt"), ("delete", b"new/e.txt")),
    ]
    await _broken_off(live)


async def _broken_off(live: Live) -> None:
    """What a command did before an interrupt, and before its agent died, is on record too."""
    message = await live.prompt("bash: echo x > begun.txt; sleep 60\nsay: Never.")
    await live.recorder.has(f.ToolStarted, lambda call: "begun" in str(call.args))
    await live.eventually((live.directory / "begun.txt").exists)
    await live.agent.abort()
    assert made(live.recorder.of(f.FileChanged)[-1]) == ("create", b"begun.txt")
    message = await live.prompt("bash: echo x > dying.txt; kill -9 $PPID\nsay: Never.")
    await live.recorder.has(f.AgentDied)
    assert made(live.recorder.of(f.FileChanged)[-1]) == ("create", b"dying.txt")
    assert not [end for end in live.recorder.of(f.RunEnded) if end.answers == message]
