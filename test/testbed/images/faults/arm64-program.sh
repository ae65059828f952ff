#!/bin/sh
# Writes the smallest arm64 Linux program: one ELF header, one segment, exit(0). It is real,
# so an engine that can run arm64 runs it, and any other says "exec format error".
set -eu
zeros() { head -c "$1" /dev/zero; }
printf '\177ELF\002\001\001' && zeros 9
printf '\002\000\267\000\001\000\000\000'              # executable, AArch64
printf '\170\000\100\000' && zeros 4                    # entry point 0x400078
printf '\100' && zeros 7 && zeros 8 && zeros 4          # program headers at 64, no sections
printf '\100\000\070\000\001\000\100\000\000\000\000\000'
printf '\001\000\000\000\005\000\000\000' && zeros 8    # load, readable and executable
printf '\000\000\100\000' && zeros 4
printf '\000\000\100\000' && zeros 4
printf '\204' && zeros 7
printf '\204' && zeros 7
printf '\000\000\001\000' && zeros 4
printf '\250\013\200\322\000\000\200\322\001\000\000\324' # mov x8,93; mov x0,0; svc 0
