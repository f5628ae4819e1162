"""What a person reads: help, words about what was typed wrongly, completion, and a progress bar that keeps out of the log's way."""

import os
import pty
import subprocess

import pytest
from program import clean_environment, messages

COMMANDS = [[], ["run"], ["serve"], ["replay"], ["produce"], ["stream"], ["backfill"], ["import"], ["show"], ["query"], ["verify"],
            ["compact"], ["upgrade"], ["rebuild"], ["vacuum"], ["retention"], ["recompute"], ["quarantine"], ["quarantine", "list"], ["quarantine", "replay"],
            ["config"], ["version"], ["completion"]]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_help_has_the_flags_of_every_command(command, cryptostream):
    done = cryptostream(*command, "-h")
    assert done.returncode == 0
    for flag in ("--config", "--set", "--json", "--quiet", "--verbose"):
        assert done.stdout.count(flag + " ") + done.stdout.count(flag + "\n") >= 1, flag
    assert "--list-crash-points" not in done.stdout and done.stdout.count("--help") == 1


@pytest.mark.parametrize("arguments, words", [
    (["--storage", "x", "show", "gold"], "it belongs after its command: cryptostream show --storage"),
    (["--storage", "x"], "it belongs after a command: "),
    (["config", "check", "--storage", "x"], "it is a flag of: run"),
    (["run", "--prot", "1"], "did you mean --port?"),
    (["shwo", "gold"], "did you mean show?"),
    (["quarantine", "lst"], "did you mean list?"),
])
def test_a_word_in_the_wrong_place_is_told_where_it_belongs(arguments, words, cryptostream, tmp_path):
    done = cryptostream(*arguments, cwd=tmp_path)
    assert done.returncode == 2 and words in done.stderr, done.stderr
    typed = next(word for word in arguments if word.startswith("--") or word in ("shwo", "lst"))
    assert f"did you mean {typed}?" not in done.stderr and typed in done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_commands_and_flags(shell, cryptostream):
    script = cryptostream("completion", shell).stdout
    for word in ("quarantine", "recompute", "completion"):
        assert word in script
    assert "crash-points" not in script
    if shell == "bash":
        for line, words in (("cryptostream quar", "quarantine"), ("cryptostream quarantine l", "list"), ("cryptostream show gold --co", "--coin --config"),
                            ("cryptostream --quiet quarantine list --sin", "--since")):
            asked = (script + f'\nCOMP_WORDS=({line}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _cryptostream; echo "${{COMPREPLY[*]}}"')
            assert subprocess.run(["bash", "-c", asked], capture_output=True, text=True, timeout=20).stdout.strip() == words


def on_a_terminal(command):
    """Gives what a command writes to a terminal, and its exit code."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(command, env=clean_environment(NO_COLOR="1"), stdout=subprocess.DEVNULL, stderr=follower)
    os.close(follower)
    text = b""
    try:
        while chunk := os.read(leader, 10_000):
            text += chunk
    except OSError:  # the other end is closed
        pass
    os.close(leader)
    return text.decode(), process.wait(30)


def screen(text):
    """The lines that a terminal shows in the end."""
    lines, line = [], ""
    for part in text.replace("\r\n", "\n").replace("\r\033[K", "\0").split("\n"):
        line = (line + part).rpartition("\0")[2]
        lines.append(line)
        line = ""
    return lines


def test_a_progress_bar_keeps_out_of_the_log(binary, tmp_path):
    messages(tmp_path / "m.jsonl", 60_000)
    text, code = on_a_terminal([binary, "-v", "replay", tmp_path / "m.jsonl", "--storage", tmp_path / "lake", "--exit-when-done"])
    assert code == 0 and "replay [" in text
    shown = [line for line in screen(text) if line]
    assert sum("replay [" in line for line in shown) == 1, shown
    for line in shown:
        assert line.startswith("replay [") or line[:4].isdigit(), shown


def test_an_error_stands_on_a_line_of_its_own_after_a_bar(binary, tmp_path):
    messages(tmp_path / "m.jsonl", 60_000)
    (tmp_path / "lake").mkdir()
    (tmp_path / "lake" / "silver").write_text("in the way")
    text, code = on_a_terminal([binary, "replay", tmp_path / "m.jsonl", "--storage", tmp_path / "lake", "--exit-when-done"])
    assert code == 1
    assert any(line.startswith("cryptostream: ") for line in screen(text)), text
