#!/bin/sh
# Starts footfall with the machine code that the image was built with: numba takes a folder of it only where it can
# write, and the root file system may be read-only.
set -eu

mkdir -p "$NUMBA_CACHE_DIR"
cp -R "${MACHINE_CODE:-/opt/machine-code}/." "$NUMBA_CACHE_DIR/"
chmod -R u+w "$NUMBA_CACHE_DIR"
exec footfall "$@"
