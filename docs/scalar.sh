#!/bin/sh
# Fetches the script of Scalar's page from the npm registry into a folder, for `docs.scalar`: one version,
# the one that the page is tested with, and nothing if its bytes are others.
#
#   docs/scalar.sh DIR
set -eu

version=1.72.1
script_sum=bf091006bdc3af6067af77c2f534812e3e633e94a94e87138069f570f33b762c

[ $# -eq 1 ] || { echo "usage: $0 DIR" >&2; exit 2; }
mkdir -p "$1"
dir=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm pack --silent "@scalar/api-reference@$version" >/dev/null
tar -xzf ./*.tgz package/dist/browser/standalone.js
echo "$script_sum  package/dist/browser/standalone.js" | sha256sum -c --quiet -
# The package names its licence, MIT, and has no file with its text.
cat >"$dir/LICENSE" <<'END'
@scalar/api-reference, the script of this page

MIT License

Copyright (c) 2023-present Scalar

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
END
cp package/dist/browser/standalone.js "$dir/standalone.js"
echo "$dir/standalone.js: Scalar $version"
