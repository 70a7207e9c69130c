#!/usr/bin/env python3
"""Checks what the compiler does not: that the folders of src/ stay a stack.

- `#include "x/..."` goes to the same folder or one below (the list is ARCHITECTURE's, top first);
- <duckdb.h>, <mysql.h> and <sqlite3.h> appear only in the folder that owns the library;
- a .c file's first include is ours, so that base.h's rules hold for it;
- each header has #pragma once and compiles alone;
- no function of ours has the name of one in a library we link: the library would call ours instead of its own.
  (Where build/ holds the program; ours is found first by the dynamic linker.)
"""

import concurrent.futures
import os
import pathlib
import re
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SRC = ROOT / "src"
LAYERS = ["command", "console", "schedule", "run", "sink", "source", "lake", "job", "store", "format", "record", "base"]
OWNERS = {"duckdb.h": "lake", "mysql.h": "source/mysql", "sqlite3.h": "store"}
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.MULTILINE)


def check_includes(path):
    text = path.read_text()
    name = path.relative_to(SRC)
    layer = name.parts[0] if len(name.parts) > 1 else "main"
    if layer != "main" and layer not in LAYERS:
        yield f"{name}: the folder is not in the list of tools/layers.py"
        return
    includes = [(kind, target, text.count("\n", 0, match.start(1)) + 1)
                for match in INCLUDE.finditer(text) for kind, target in [match.groups()]]
    for kind, target, line in includes:
        owner = OWNERS.get(pathlib.PurePath(target).name)
        if kind == "<":
            if owner and not str(name.parent).startswith(owner):
                yield f"{name}:{line}: <{target}> belongs to src/{owner} alone"
            continue
        if not (SRC / target).is_file():
            yield f'{name}:{line}: there is no src/{target}: paths start at src'
            continue
        below = pathlib.PurePath(target).parts[0]
        if layer != "main" and LAYERS.index(below) < LAYERS.index(layer):
            yield f'{name}:{line}: {layer} may not use {below}, which lies above it'
    if path.suffix == ".c" and includes and includes[0][0] == "<":
        yield f"{name}:{includes[0][2]}: the first include must be \"base/base.h\" or a header of ours"
    if path.suffix == ".h" and "#pragma once" not in text:
        yield f"{name}: has no #pragma once"


def library_flags():
    flags = subprocess.run(["pkg-config", "--cflags", "libmariadb", "jansson", "yaml-0.1", "libedit"], check=True,
                           capture_output=True, text=True).stdout
    duckdb = subprocess.run([ROOT / "tools/deps.sh", "print", "duckdb-dir"], check=True, capture_output=True,
                            text=True).stdout.strip()
    return [*shlex.split(flags), "-isystem", f"{duckdb}/include"]


def check_alone(path, flags):
    done = subprocess.run(["cc", "-std=gnu17", "-D_GNU_SOURCE", "-fsyntax-only", "-Wall", "-Wextra", "-Werror",
                           "-I", str(SRC), *flags, "-include", str(path), "-x", "c", os.devnull],
                          capture_output=True, text=True)
    if done.returncode != 0:
        return f"{path.relative_to(SRC)}: does not compile alone:\n{done.stderr}"
    return None


def symbols(arguments):
    done = subprocess.run(["nm", "--defined-only", "--format=posix", *arguments], capture_output=True, text=True)
    fields = (line.split() for line in done.stdout.splitlines())
    return {one[0].split("@")[0] for one in fields if len(one) >= 2 and one[1] in "TDBR"}


def check_symbols(build):
    program = build / "src/weir"
    if not program.exists():
        return
    ours = symbols(["--extern-only", *map(str, sorted((build / "src").glob("*.a")))])
    listing = subprocess.run(["ldd", str(program)], capture_output=True, text=True).stdout
    for library in re.findall(r"=> (/\S+)", listing):
        for name in sorted(ours & symbols(["--dynamic", library])):
            yield f"{name}: is also a symbol of {pathlib.PurePath(library).name}: rename ours"


def main():
    files = sorted([*SRC.rglob("*.c"), *SRC.rglob("*.h")])
    faults = [fault for path in files for fault in check_includes(path)]
    headers = [path for path in files if path.suffix == ".h"]
    flags = library_flags()
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        faults += filter(None, pool.map(lambda path: check_alone(path, flags), headers))
    faults += check_symbols(ROOT / "build")
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"layers: {len(files)} files, {len(headers)} headers, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
