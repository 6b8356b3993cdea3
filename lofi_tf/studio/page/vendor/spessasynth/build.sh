#!/usr/bin/env bash
# Makes spessasynth_core.js anew: needs node and npm. `make vendor` runs it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --no-save --prefix "$work" \
  spessasynth_core@4.3.22 esbuild@0.28.2
cat > no_vorbis.js <<'JS'
// Compressed SoundFonts (SF3) are not read in the page: their decoder is WebAssembly, which a
// strict Content-Security-Policy forbids.
export const StbVorbis = {
  ready: Promise.resolve(),
  decode() { throw new Error("compressed SoundFonts are not read"); },
};
JS
echo 'export { SoundBankLoader, SpessaSynthProcessor } from "spessasynth_core";' > entry.js
npx esbuild entry.js --bundle --minify --format=esm --target=es2022 --legal-comments=none \
  --alias:stb-vorbis=./no_vorbis.js \
  --banner:js='/* spessasynth_core 4.3.22, Apache-2.0, https://github.com/spessasus/spessasynth_core */' \
  --outfile="$here/spessasynth_core.js"
cp node_modules/spessasynth_core/LICENSE "$here/LICENSE"
