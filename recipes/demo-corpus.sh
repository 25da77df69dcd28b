#!/bin/sh
# Lay the Korean help pages of Debian's package libreoffice-help-ko (MPL-2.0) into FOLDER.
# Uses apt's own package lists, or lists of its own where there are none; root is not needed.
# Exit 1, with the reason, where there is no apt or no network.
set -eu
folder=$1
[ -d "$folder/usr" ] && exit 0
command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || {
    echo "no apt here: the demonstration takes generated text" >&2
    exit 1
}
mkdir -p "$folder.part"
cd "$folder.part"
if ! apt-get -qq download libreoffice-help-ko 2>/dev/null; then
    mkdir -p lists/partial archives/partial
    own="-o Dir::State::Lists=$PWD/lists -o Dir::Cache=$PWD/archives -o APT::Sandbox::User=$(id -un)"
    # shellcheck disable=SC2086
    apt-get -qq $own update && apt-get -qq $own download libreoffice-help-ko || {
        echo "apt cannot download libreoffice-help-ko: the demonstration takes generated text" >&2
        exit 1
    }
fi
dpkg-deb -x libreoffice-help-ko_*.deb pages
rm -rf lists archives libreoffice-help-ko_*.deb
mv pages "../$(basename "$folder")"
cd ..
rmdir "$folder.part" 2>/dev/null || rmdir "$(basename "$folder").part"
