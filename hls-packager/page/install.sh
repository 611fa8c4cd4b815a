#!/bin/sh
# Run by `meson install`: the page goes where the installed packager looks for it, if scripts/page.sh has built it.
set -eu
built=$MESON_BUILD_ROOT/hls-packager/page/dist
place=$MESON_INSTALL_DESTDIR_PREFIX/share/fanlight/page
if [ ! -e "$built/index.html" ]; then
  echo "fanlight-packager is installed without its page: scripts/page.sh has not built it" >&2
  exit 0
fi
mkdir -p "$place"
cp -R "$built/." "$place"
