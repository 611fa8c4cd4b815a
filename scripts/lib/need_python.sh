#!/usr/bin/env bash
# Installs python3 where it is missing: a minimal Debian has none.
set -euo pipefail
command -v python3 >/dev/null && exit 0
if [[ $EUID -ne 0 ]]; then
  echo "python3 is missing and I may not install it: run as root, or first: apt-get install python3" >&2
  exit 1
fi
echo "installing python3" >&2
{ apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends python3; } >&2
