#!/usr/bin/env bash
# Make the environment of the vLLM tier: install.sh FOLDER PYTHON
# plain pip cannot leave out what vLLM declares but never imports here; uv can (--override).
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=$1
python=$2

explain() {
    cat >&2 <<EOF

The vLLM tier could not be installed into $folder: see the messages above. It wants
  - Linux with Python 3.11 or newer: '$python' is $("$python" --version 2>&1), $(uname -sm);
  - 3 GB of disk, and a package index for the packages in tests/vllm/requirements.txt;
  - a CPU build of torch 2.13.0: as a wheel in a folder that pip's find-links names, or from
    torch's own index, which uv asks by itself when pip has no find-links.
Nothing else needs this tier: 'make test' runs without it.
EOF
}
trap explain ERR

"$python" -m venv --clear "$folder"
echo '*' > "$folder/.gitignore"
uv=$(command -v uv || true)
if [ -z "$uv" ]; then
    "$folder/bin/python" -m pip install --disable-pip-version-check -q uv
    uv=$folder/bin/uv
fi

# uv does not read pip's settings.
links=$("$folder/bin/python" -m pip config get :env:.find-links 2>/dev/null ||
    "$folder/bin/python" -m pip config get global.find-links 2>/dev/null || true)
if [ -n "$links" ]; then
    export UV_FIND_LINKS=${links//[[:space:]]/,}
else
    export UV_TORCH_BACKEND=${UV_TORCH_BACKEND:-cpu}
fi

"$uv" pip install -q --python "$folder/bin/python" --override tests/vllm/overrides.txt \
    --requirement tests/vllm/requirements.txt --editable '.[fast]' --editable integrations/gateway
