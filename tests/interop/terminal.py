"""Runs a command on a terminal of its own and answers its questions.

Arguments: ANSWERS (separated by `|`; `^C` is the interrupt key) COMMAND…  Prints what the terminal showed, whether it echoes afterwards, and in
the last line the exit status, or the negative number of the signal.
"""

import os
import pty
import select
import sys
import termios
import time

answers = sys.argv[1].split("|")
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])
shown = b""
deadline = time.monotonic() + 60
while time.monotonic() < deadline:
    ready, _, _ = select.select([terminal], [], [], 0.2)
    if ready:
        try:
            data = os.read(terminal, 4096)
        except OSError:
            break
        if not data:
            break
        shown += data
    elif answers and shown.endswith(b": "):
        answer = answers.pop(0)
        os.write(terminal, b"\x03" if answer == "^C" else answer.encode() + b"\n")
        shown += b"\n"
_, status = os.waitpid(pid, 0)
echo = termios.tcgetattr(terminal)[3] & termios.ECHO
print(shown.decode().replace("\r\n", "\n"))
print("echo is", "on" if echo else "off")
print(os.waitstatus_to_exitcode(status))
