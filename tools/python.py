# SPDX-License-Identifier: GPL-2.0
"""A Python program for a guest that has nothing but its initramfs."""

import modulefinder
import os
import subprocess
import sys

# What the interpreter imports before a program begins.
AT_START = "encodings.ascii", "encodings.utf_8", "site"


def libraries(path):
    """The shared libraries that a file needs."""
    told = subprocess.run(["ldd", path], stdout=subprocess.PIPE, text=True, check=True).stdout
    return {word for line in told.splitlines() for word in line.split() if word.startswith("/")}


def program(script, name):
    """{path in the guest: file here} of the script, as `name`, of the modules beside it that it imports, of the interpreter and
    of all that these need."""
    # Not of packages that others have installed: modulefinder cannot read some of them.
    standard = [path for path in sys.path[1:] if "dist-packages" not in path]
    finder = modulefinder.ModuleFinder([os.path.dirname(script), *standard])
    for module in AT_START:
        finder.import_hook(module)
    finder.run_script(script)
    interpreter = os.path.realpath(sys.executable)
    found = {module.__file__ for module in finder.modules.values() if module.__file__} - {script}
    needed = libraries(interpreter).union(*(libraries(path) for path in found if path.endswith(".so")))
    beside = os.path.dirname(script) + "/"
    files = {path.removeprefix(beside): path for path in found | needed}
    files.update({name: script, "bin/python3": interpreter, interpreter: interpreter})
    return files
