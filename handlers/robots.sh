#!/bin/sh
# Makes robots-known.txt and testdata/agents.txt anew from the npm package
# crawler-user-agents (MIT). Needs npm and python3. Usage: handlers/robots.sh [version]
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
version=${1:-1.60.0}
(cd "$work" && npm pack --silent "crawler-user-agents@$version" >/dev/null && tar xzf ./*.tgz)
python3 - "$work/package" "$version" <<'PY'
import json, re, sys
folder, version = sys.argv[1:]
rows = json.load(open(folder + "/crawler-user-agents.json"))
# Marks that readers' own browsers have too.
skip = {r"^Silk\/"}
lines, agents = [], []
for row in rows:
    pattern = row["pattern"]
    if pattern in skip:
        continue
    kind = "preview" if "social-preview" in row.get("tags", []) else "scanner"
    rest = re.sub(r"\\[^a-zA-Z0-9]", "", pattern)
    plain = not re.search(r"[\\^$.*+?()\[\]{}|]", rest)
    lines.append(kind + " " + (re.sub(r"\\([^a-zA-Z0-9])", r"\1", pattern).lower() if plain else "re:" + pattern))
    agents += [a.strip() for a in row.get("instances", [])[:2]]
licence = "".join(("# " + l).rstrip() + "\n" for l in open(folder + "/LICENSE").read().strip().split("\n"))
with open("robots-known.txt", "w") as f:
    f.write('# User agents of programs: "class mark", the mark a lower-case part of the agent, or "re:" and a regular expression.\n'
            "# Made by robots.sh from crawler-user-agents " + version + " (npm), tag social-preview as preview, all others as scanner.\n"
            "# Marks that readers' own browsers have too are left out.\n#\n" + licence + "\n".join(dict.fromkeys(lines)) + "\n")
with open("testdata/agents.txt", "w") as f:
    f.write("\n".join(dict.fromkeys(a for a in agents if a)) + "\n")
PY
