"""Makes one HTML document of this folder's files and writes it as C++: assemble.py OUTPUT.cpp

Modules are put one after the other in the order of their imports, so their names are one scope's: a
name that two of them declare is refused, and so is what would need another request. The policy
allows the document's own script and style by their digests, and nothing else.
"""

import base64
import hashlib
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
IMPORT = re.compile(r"^import \{[^}]*\} from '\./([a-z]+\.js)';\n", re.MULTILINE)
DECLARED = re.compile(r"^(?:export )?(?:async )?(?:function|const|let|class) (\w+)", re.MULTILINE)
LIMIT = 150 * 1024


def in_order(name, seen):
    """`name` after all that it imports, each module once."""
    if name in seen:
        return []
    seen.add(name)
    text = (HERE / name).read_text()
    before = [module for found in IMPORT.findall(text) for module in in_order(found, seen)]
    return [*before, (name, text)]


def script():
    modules = in_order("main.js", set())
    unused = {file.name for file in HERE.glob("*.js")} - {name for name, _ in modules}
    assert not unused, f"imported by nobody: {sorted(unused)}"
    owners = {}
    parts = ["'use strict';\n"]
    for name, text in modules:
        for word in DECLARED.findall(text):
            assert word not in owners, f"{word} is declared by {owners[word]} and {name}"
            owners[word] = name
        body = re.sub(r"^export ", "", IMPORT.sub("", text), flags=re.MULTILINE)
        assert not re.search(r"^(import|export)\b", body, re.MULTILINE), f"{name}: another kind of import"
        parts.append(body)
    return "".join(parts)


def digest(text):
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def policy(style, code):
    return "; ".join([
        "default-src 'none'", f"script-src {digest(code)}", f"style-src {digest(style)}",
        "connect-src 'self'", "img-src data:", "base-uri 'none'", "form-action 'none'",
        "frame-ancestors 'none'", "require-trusted-types-for 'script'"])


def document(style, code):
    html = (HERE / "index.html").read_text()
    for mark, text in (("/* style.css */", style), ("/* main.js */", code)):
        assert html.count(mark) == 1 and "</s" not in text, mark
        html = html.replace(mark, text)
    assert "http:" not in html.replace("http://www.w3.org/", "") and "https:" not in html
    return html.encode()


def array(content):
    lines = (content[at:at + 24] for at in range(0, len(content), 24))
    return "\n".join("    " + ",".join(map(str, line)) + "," for line in lines)


def main(output):
    style, code = (HERE / "style.css").read_text(), script()
    content = document(style, code)
    assert len(content) < LIMIT, f"the page has {len(content)} bytes"
    tag = hashlib.sha256(content).hexdigest()[:32]
    Path(output).write_text(f"""// Made by agent/admin/page/assemble.py.
#include "admin/status_page.h"

namespace weir::admin {{
namespace {{

constexpr unsigned char bytes[] = {{
{array(content)}
}};

}}  // namespace

const StatusPage status_page{{{{reinterpret_cast<const char*>(bytes), sizeof bytes}},
                             "\\"{tag}\\"",
                             "{policy(style, code)}"}};

}}  // namespace weir::admin
""")


if __name__ == "__main__":
    main(sys.argv[1])
