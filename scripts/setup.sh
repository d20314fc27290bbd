#!/bin/sh
# Brings a fresh clone to the point where the other scripts run: dependencies, generated code, build. Safe to run again;
# does nothing when nothing changed.
set -eu
cd "$(dirname "$0")/.."
stamp=node_modules/.setup-stamp
if [ ! -f "$stamp" ] || ! cmp -s package-lock.json "$stamp"; then
  echo "setup: installing dependencies (npm, about a minute when nothing is cached)"
  npm install --no-save --no-audit --no-fund --loglevel=error
  cp package-lock.json "$stamp"
fi
PATH="$PWD/node_modules/.bin:$PATH"
export PATH
node scripts/generate.ts
node scripts/build.ts
